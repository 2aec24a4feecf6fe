import Foundation
import KubernetesObjects
import Testing

@Suite struct LenientDecodingTests {
  private func decode<Object: Decodable>(_ json: String) throws -> Object {
    try JSONDecoder().decode(Object.self, from: Data(json.utf8))
  }

  @Test func omittedAndNullFieldsAreEmpty() throws {
    let deployment: Deployment = try decode(
      """
      {"metadata":{"name":"web","labels":null},"spec":{"template":{"metadata":{"creationTimestamp":null},
       "spec":{"containers":null}}},"status":{"conditions":null},"future":{"x":1}}
      """)
    #expect(deployment.spec.replicas == 1)
    #expect(deployment.status == DeploymentStatus())
    #expect(deployment.metadata.labels.isEmpty && deployment.spec.template.spec.containers.isEmpty)
  }

  @Test func zeroReplicasAreNotTheDefault() throws {
    let deployment: Deployment = try decode(
      #"{"metadata":{"name":"web"},"spec":{"replicas":0,"template":{"spec":{}}}}"#)
    #expect(deployment.spec.replicas == 0)
  }

  @Test func anEmptyContainerStateMeansWaiting() throws {
    let state: ContainerState = try decode("{}")
    #expect(state == .waiting(reason: "", message: ""))
  }

  @Test func aValueOfTheWrongTypeIsAnError() {
    #expect(throws: DecodingError.self) {
      let _: Deployment = try decode(#"{"metadata":{"name":"web"},"spec":{"replicas":"two","template":{}}}"#)
    }
  }

  @Test func readsPercentagesAndNumbers() throws {
    let strategy: DeploymentStrategy = try decode(
      #"{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"25%","maxUnavailable":0}}"#)
    #expect(strategy.rollingUpdate == .init(maxSurge: .string("25%"), maxUnavailable: .int(0)))
  }

  @Test func readsWhereTheEnvironmentComesFrom() throws {
    let container: Container = try decode(
      """
      {"name":"web","image":"a","env":[{"name":"A","value":"1"},
       {"name":"B","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}},
       {"name":"C","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}],
       "envFrom":[{"configMapRef":{"name":"m"}},{"prefix":"P_","secretRef":{"name":"s","optional":true}}]}
      """)
    #expect(container.env.map(\.name) == ["A", "B", "C"])
    #expect(container.env[1].valueFrom?.secretKeyRef == .init(name: "s", key: "k"))
    #expect(container.envFrom.map { $0.configMapRef?.name ?? $0.secretRef?.name } == ["m", "s"])
  }

  @Test func aWatchLineOfAnUnknownTypeIsKeptApart() throws {
    let event: WatchEvent<Pod> = try decode(#"{"type":"RENAMED","object":{}}"#)
    #expect(event == .unknown("RENAMED"))
  }

  @Test func theBookmarkAfterTheInitialEventsIsMarked() throws {
    let event: WatchEvent<Pod> = try decode(
      """
      {"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12",
       "annotations":{"k8s.io/initial-events-end":"true"}},"spec":{"containers":null}}}
      """)
    #expect(event == .bookmark(.init(resourceVersion: "12", endsInitialEvents: true)))
  }

  @Test func writesSelectorsInAStableOrder() {
    let selector = LabelSelector(
      matchLabels: ["b": "2", "a": "1"],
      matchExpressions: [
        .init(key: "tier", operator: "In", values: ["web", "api"]), .init(key: "old", operator: "DoesNotExist"),
      ])
    #expect(selector.parameter == "a=1,b=2,tier in (web,api),!old")
    #expect(selector.matches(["a": "1", "b": "2", "tier": "web"]))
    #expect(!selector.matches(["a": "1", "b": "2", "tier": "web", "old": ""]))
  }
}
