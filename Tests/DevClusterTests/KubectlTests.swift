import Foundation
import Testing

@testable import DevCluster

/// Plain `kubectl` against the cluster.
@Suite(.enabled(if: Command.exists("kubectl"), "kubectl is not installed"))
struct KubectlTests {
  static let manifest = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, labels: {app: web}}
    spec:
      replicas: 2
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
          - {name: web, image: "r/web:v1", env: [{name: A, value: "1"}, {name: B, value: "2"}]}
          - {name: side, image: "r/side:v1"}
    """

  /// A cluster that is quick, and a `kubectl` that talks to it.
  func withKubectl(
    _ body: @Sendable @escaping (_ kubectl: @Sendable (String, String) async throws -> Command) async throws -> Void
  ) async throws {
    var configuration = DevCluster.Configuration()
    configuration.timing.readyAfter = .milliseconds(60)
    configuration.timing.imagePull = .milliseconds(20)
    let directory = try TemporaryDirectory()
    try await DevCluster.with(configuration) { cluster in
      let file = try directory.write(try await cluster.kubeconfig, to: "kubeconfig")
      try await body { line, input in
        try await Command.run(
          "kubectl", ["--cache-dir", directory.url.path + "/cache"] + line.split(separator: " ").map(String.init),
          input: input, environment: ["KUBECONFIG": file])
      }
    }
  }

  @Test func rollsOutAndBack() async throws {
    try await withKubectl { kubectl in
      func expect(_ line: String, _ text: String, input: String = "", fails: Bool = false) async throws {
        let result = try await kubectl(line, input)
        #expect((result.status != 0) == fails, "kubectl \(line): \(result.errors)")
        #expect((result.output + result.errors).contains(text), "kubectl \(line): \(result.output)\(result.errors)")
      }
      try await expect("create ns other", "namespace/other created")
      try await expect("create deployment hello --image=r/hello:v1 --replicas=2", "deployment.apps/hello created")
      try await expect("rollout status deploy/hello --timeout=20s", "successfully rolled out")
      try await expect("set image deploy/hello hello=r/hello:v2", "image updated")
      try await expect("rollout status deploy/hello --timeout=20s", "successfully rolled out")
      try await expect("rollout undo deploy/hello", "rolled back")
      try await expect("rollout status deploy/hello --timeout=20s", "successfully rolled out")
      try await expect("get deploy hello -o jsonpath={..image}", "r/hello:v1")
      let history = try await kubectl("rollout history deploy/hello", "").output
      #expect(history.split(separator: "\n").dropFirst(2).map { $0.prefix(1) } == ["2", "3"])
      try await expect("rollout restart deploy/hello", "restarted")
      try await expect("rollout status deploy/hello --timeout=20s", "successfully rolled out")
      try await expect("scale deploy/hello --replicas=3", "scaled")
      try await expect("rollout status deploy/hello --timeout=20s", "successfully rolled out")
      try await expect("rollout pause deploy/hello", "paused")
      try await expect("rollout undo deploy/hello", "cannot rollback a paused deployment", fails: true)
      try await expect("rollout resume deploy/hello", "resumed")
      try await expect("get deploy,rs,pods -o wide", "deployment.apps/hello   3/3     3            3")
      try await expect("get deploy,rs,pods -o wide", "CONTAINERS   IMAGES")
      try await expect("get events", "Scaled up replica set hello-")
      try await expect("describe deployment hello", "3 desired | 3 updated | 3 total | 3 available | 0 unavailable")
      try await expect("describe deployment hello", "NewReplicaSetAvailable")
      try await expect("describe pods", "Successfully assigned default/hello-")
      try await expect("describe rs", "Created pod: hello-")
      try await expect("logs deploy/hello", "listening on :8080")
      try await expect("annotate deploy hello a=b", "annotated")
      try await expect("label deploy hello c=d", "labeled")
      try await expect("get deploy hello -o yaml", "a: b")
      try await expect("auth can-i patch deployments", "yes")
      try await expect("delete deploy hello --cascade=foreground", "deleted")
      try await expect("get pods", "No resources found")
      try await expect("delete ns other", "deleted")
    }
  }

  @Test func appliesManifests() async throws {
    try await withKubectl { kubectl in
      func run(_ line: String, _ input: String = "") async throws -> String {
        let result = try await kubectl(line, input)
        return result.output + result.errors
      }
      #expect(try await run("apply -f -", Self.manifest).contains("web created"))
      let next = Self.manifest.replacing("web:v1", with: "web:v2").replacing("name: A", with: "name: C")
      #expect(try await run("apply -f -", next).contains("web configured"))
      #expect(try await run("apply -f -", next).contains("web unchanged"))
      let names = try await run("get deploy web -o jsonpath={.spec.template.spec.containers[*].env[*].name}")
      #expect(Set(names.split(separator: " ")) == ["B", "C"])
      #expect(try await run("create -f -", next).contains("AlreadyExists"))
      let misspelt = next.replacing("replicas", with: "replicaz")
      #expect(try await run("create -f -", misspelt).contains(#"unknown field "spec.replicaz""#))
      let third = next.replacing("web:v2", with: "web:v3")
      #expect(try await run("apply --server-side -f -", third).contains("Apply failed with 1 conflict"))
      #expect(try await run("apply --server-side --force-conflicts -f -", third).contains("serverside-applied"))
      let fourth = third.replacing("{name: B, value: \"2\"}", with: "{name: D, value: \"2\"}")
      #expect(try await run("apply --server-side -f -", fourth).contains("serverside-applied"))
      #expect(try await run("delete -f - --cascade=orphan", fourth).contains("deleted"))
      #expect(try await run("get rs -o name").contains("replicaset.apps/web-"))
    }
  }

  @Test func showsWhatIsWrong() async throws {
    try await withKubectl { kubectl in
      _ = try await kubectl("create deployment ok --image=r/ok:v1", "")
      _ = try await kubectl("create deployment gone --image=r/gone:missing", "")
      _ = try await kubectl("create deployment bad --image=r/bad:crash", "")
      _ = try await kubectl("rollout status deploy/ok --timeout=20s", "")
      // Two restarts later its container waits.
      let waits = "jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff"
      _ = try await kubectl("wait pod -l app=bad --for=\(waits) --timeout=20s", "")
      _ = try await kubectl(
        "wait pod -l app=gone --for=\(waits.replacing("CrashLoop", with: "ImagePull")) --timeout=20s", "")
      let pods = try await kubectl("get pods", "").output
      #expect(pods.contains("CrashLoopBackOff"))
      #expect(pods.contains("ImagePull"))
      let previous = try await kubectl("logs -l app=bad --previous", "").output
      #expect(previous.contains("KeyError: 'DB_POOL'"))
      let logs = try await kubectl("logs -l app=gone", "")
      #expect((logs.output + logs.errors).contains("trying and failing to pull image"))
      let description = try await kubectl("describe pod -l app=gone", "").output
      #expect(description.contains("failed to resolve reference \"r/gone:missing\""))
    }
  }

  @Test func watchesTables() async throws {
    try await withKubectl { kubectl in
      _ = try await kubectl("create deployment hello --image=r/hello:v1", "")
      _ = try await kubectl("rollout status deploy/hello --timeout=20s", "")
      async let watch = kubectl("get deploy -w --request-timeout=2s", "")
      async let wait = kubectl("wait deploy/hello --for=jsonpath={.spec.replicas}=2 --timeout=10s", "")
      _ = try await kubectl("scale deploy/hello --replicas=2", "")
      _ = try await wait
      let lines = try await watch.output.split(separator: "\n")
      #expect(lines.first?.hasPrefix("NAME    READY") == true)
      #expect(lines.count { $0.hasPrefix("NAME") } == 1)
      #expect(lines.contains { $0.contains("2/2") })
    }
  }
}
