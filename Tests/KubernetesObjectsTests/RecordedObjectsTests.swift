import Foundation
import KubernetesObjects
import Testing

/// Every object that a real API server sent in the recordings is read, and nothing that matters is lost on the way.
@Suite struct RecordedObjectsTests {
  private func decodeAll<Object: KubernetesObject>(_ kind: String, as: Object.Type) throws -> [WatchEvent<Object>] {
    let decoder = JSONDecoder()
    return try Fixture.watchLines(kind).map { file, line in
      let event: WatchEvent<Object>
      do {
        event = try decoder.decode(WatchEvent<Object>.self, from: line)
      } catch {
        Issue.record("\(file): \(error)")
        throw error
      }
      switch event {
      case .added(let object), .modified(let object), .deleted(let object):
        #expect(!object.metadata.name.isEmpty && !object.metadata.uid.isEmpty, "\(file)")
        #expect(!object.metadata.resourceVersion.isEmpty, "\(file)")
        // What is encoded can be read back: nothing depends on a field that encoding drops.
        #expect(try decoder.decode(Object.self, from: JSONEncoder().encode(object)) == object, "\(file)")
      case .bookmark(let bookmark): #expect(!bookmark.resourceVersion.isEmpty, "\(file)")
      case .error, .unknown: Issue.record("\(file): unexpected \(event)")
      }
      return event
    }
  }

  @Test func everyDeployment() throws {
    let events = try decodeAll("deployments", as: Deployment.self)
    #expect(events.count > 250)
    for case .modified(let deployment) in events {
      #expect(deployment.spec.template.spec.container(named: "hello") != nil)
      #expect(deployment.spec.selector.matchLabels == ["app": "hello"])
      #expect(deployment.spec.selector.matches(deployment.spec.template.labels))
      #expect(deployment.spec.progressDeadlineSeconds != nil)
    }
  }

  @Test func everyReplicaSet() throws {
    for case .modified(let set) in try decodeAll("replicasets", as: ReplicaSet.self) {
      #expect(set.podTemplateHash != nil)
      #expect(set.spec.template?.spec.container(named: "hello") != nil)
    }
  }

  @Test func everyPod() throws {
    let events = try decodeAll("pods", as: Pod.self)
    for case .modified(let pod) in events {
      #expect(pod.spec.container(named: "hello")?.readinessProbe?.httpGet?.path == "/healthz")
      #expect(!pod.status.phase.isEmpty)
    }
    let terminated = events.contains { event in
      guard case .modified(let pod) = event else { return false }
      return pod.status.containerStatuses.contains { $0.lastState.termination?.exitCode == 1 && $0.restartCount > 1 }
    }
    #expect(terminated, "case c has pods whose container ended with exit code 1 more than once")
  }

  @Test func everyEvent() throws {
    var scheduler = 0
    for case .added(let event) in try decodeAll("events", as: Event.self) {
      #expect(!event.reason.isEmpty && !event.message.isEmpty && !event.involvedObject.name.isEmpty)
      #expect(event.lastSeen != nil)
      // Scheduler events have null timestamps and no count, but an eventTime to the microsecond.
      if event.reason == "FailedScheduling" {
        scheduler += 1
        #expect(event.lastTimestamp == nil && event.eventTime != nil && event.occurrences == 1)
      }
    }
    #expect(scheduler > 0)
  }

  @Test(arguments: ["g-too-old-resourceversion.jsonl", "h-patch-and-errors.jsonl", "h2-discovery-access-lists.jsonl"])
  func everyAnswerOfAKindThatWeRead(file: String) throws {
    let decoder = JSONDecoder()
    struct Kind: Decodable { var kind: String? }
    var read = 0
    for exchange in try Fixture.exchanges(file) {
      for line in exchange.responseBody.split(separator: "\n") {
        let body = Data(line.utf8)
        guard let kind = try? decoder.decode(Kind.self, from: body) else { continue }
        switch kind.kind {
        case "Deployment": _ = try decoder.decode(Deployment.self, from: body)
        case "DeploymentList": _ = try decoder.decode(DeploymentList.self, from: body)
        case "ReplicaSetList": _ = try decoder.decode(ReplicaSetList.self, from: body)
        case "PodList": _ = try decoder.decode(PodList.self, from: body)
        case "Pod": _ = try decoder.decode(Pod.self, from: body)
        case "Status":
          let status = try decoder.decode(Status.self, from: body)
          #expect(status.code == exchange.status || exchange.status < 300, "\(exchange.case)")
        case nil where exchange.request.path.contains("watch=1") && exchange.request.path.contains("deployments"):
          _ = try decoder.decode(WatchEvent<Deployment>.self, from: body)
        default: continue
        }
        read += 1
      }
    }
    #expect(read > 0)
  }

  @Test func aTooOldWatchSaysThatItIsExpired() throws {
    let errors = try Fixture.exchanges("g-too-old-resourceversion.jsonl").flatMap { exchange in
      exchange.responseBody.split(separator: "\n").compactMap { line -> Status? in
        let event = try? JSONDecoder().decode(WatchEvent<Deployment>.self, from: Data(line.utf8))
        guard case .error(let status) = event else { return nil }
        #expect(exchange.status == 200)
        return status
      }
    }
    #expect(!errors.isEmpty)
    for status in errors { #expect(status.isExpired && status.code == 410) }
  }

  @Test func aResourceVersionOfTheFutureIsToldByItsCause() throws {
    let answers = try Fixture.exchanges("g-too-old-resourceversion.jsonl").filter { $0.status == 504 }
    #expect(answers.count == 2)
    for answer in answers {
      let status = try JSONDecoder().decode(Status.self, from: Data(answer.responseBody.utf8))
      #expect(status.isResourceVersionTooLarge && !status.isExpired)
    }
  }
}
