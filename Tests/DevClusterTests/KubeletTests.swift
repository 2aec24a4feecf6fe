import Testing

@testable import DevCluster

/// Simulated pods beyond what the recorded cases show.
@Suite struct KubeletTests {
  private func pod(_ spec: JSON, annotations: JSON = .object([:]), seconds: Int = 3) -> (Simulation, JSON) {
    var simulation = Simulation()
    let template: JSON = ["metadata": ["labels": ["a": "b"], "annotations": annotations], "spec": spec]
    simulation.request(
      "POST", Simulation.path("deployments"),
      [
        "metadata": ["name": "hello"],
        "spec": ["replicas": 1, "selector": ["matchLabels": ["a": "b"]], "template": template],
      ])
    simulation.advance(by: .seconds(seconds))
    return (simulation, simulation.state.store.objects(.pods, namespace: Simulation.namespace).first ?? .null)
  }

  @Test func initContainersRunFirst() {
    let (_, pod) = pod([
      "initContainers": [["name": "migrate", "image": "x:v1"]], "containers": [["name": "web", "image": "x:v1"]],
    ])
    #expect(pod.isReadyPod)
    #expect(pod["status"]["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed")
    #expect(pod.condition("Initialized")["status"] == "True")
  }

  @Test func anInitContainerThatCrashesKeepsThePodPending() {
    let (_, pod) = pod([
      "initContainers": [["name": "migrate", "image": "x:crash"]], "containers": [["name": "web", "image": "x:v1"]],
    ])
    #expect(!pod.isReadyPod)
    #expect(pod["status"]["phase"] == "Pending")
    #expect(pod["status"]["initContainerStatuses"][0]["restartCount"].int ?? 0 >= 1)
    #expect(pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing")
  }

  @Test func aSidecarGoesOnBesideTheOthers() {
    let (_, pod) = pod([
      "initContainers": [["name": "proxy", "image": "x:v1", "restartPolicy": "Always"]],
      "containers": [["name": "web", "image": "x:v1"]],
    ])
    #expect(pod.isReadyPod)
    #expect(pod["status"]["initContainerStatuses"][0]["state"]["running"].isNull == false)
  }

  @Test func oneFailingContainerOfTwoKeepsThePodFromBeingReady() {
    let (_, pod) = pod(["containers": [["name": "web", "image": "x:v1"], ["name": "side", "image": "x:missing"]]])
    #expect(pod.condition("Ready")["reason"] == "ContainersNotReady")
    #expect(pod.condition("Ready")["message"] == "containers with unready status: [side]")
    #expect(pod["status"]["phase"] == "Pending")
  }

  @Test func imagesAreIdentifiedByTheirDigests() {
    let digest = "sha256:" + String(repeating: "ab", count: 32)
    var state = Simulation().state
    #expect(state.imageID("r:5000/a/b@\(digest)") == "r:5000/a/b@\(digest)")
    #expect(state.imageID("r:5000/a/b:v1@\(digest)") == "r:5000/a/b@\(digest)")
    #expect(state.imageID("r:5000/a/b:v1").hasPrefix("r:5000/a/b@sha256:"))
    #expect(state.imageID("r:5000/a/b:v1") == state.imageID("r:5000/a/b:v1"))
    #expect(state.imageID("r:5000/a/b:v1") != state.imageID("r:5000/a/b:v2"))
    state.imageDigests["r:5000/a/b:v1"] = digest
    #expect(state.imageID("r:5000/a/b:v1") == "r:5000/a/b@\(digest)")
  }

  @Test(arguments: [
    ("r/missing:v1", ImageBehaviour.healthy), ("r/a:v2-missing", .missing), ("r:5000/a:v2-crash", .crashing),
    ("a:hang", .hanging), ("a:v2-flap@sha256:00", .flapping), ("r:5000/crash", .healthy),
  ])
  func behaviourIsTheTags(image: String, behaviour: ImageBehaviour) {
    #expect(ImageBehaviour(image: image) == behaviour)
  }

  @Test func readinessComesWhenTheAnnotationSays() {
    let spec: JSON = ["containers": [["name": "web", "image": "x:v1"]]]
    #expect(!pod(spec, annotations: ["sim/ready-after-ms": "4000"]).1.isReadyPod)
    #expect(pod(spec, annotations: ["sim/ready-after-ms": "4000"], seconds: 5).1.isReadyPod)
  }

  @Test func logsTellWhatHappened() {
    let (simulation, pod) = pod(["containers": [["name": "web", "image": "x:crash"]]])
    var state = simulation.state
    func log(_ query: [String: String]) -> APIResponse {
      var request = APIRequest(method: "GET", path: "/api/v1/namespaces/\(Simulation.namespace)/pods/\(pod.name)/log")
      request.query = query
      return state.respond(to: request, from: .admin)
    }
    #expect(log(["previous": "true"]).text.contains("KeyError: 'DB_POOL'"))
    #expect(log(["previous": "true", "tailLines": "1"]).text == "KeyError: 'DB_POOL'\n")
    #expect(log(["container": "nope"]).status == 400)
    #expect(log(["limitBytes": "8"]).text == "starting")
  }

  @Test func aNamespaceTakesEverythingWithIt() {
    var (simulation, _) = pod(["containers": [["name": "web", "image": "x:v1"]]])
    simulation.request("DELETE", "/api/v1/namespaces/\(Simulation.namespace)")
    let refused = simulation.request(
      "POST", "/api/v1/namespaces/\(Simulation.namespace)/configmaps", ["metadata": ["name": "late"]])
    #expect(refused.status == 403)
    #expect(refused.json["details"]["causes"][0]["reason"] == "NamespaceTerminating")
    simulation.advance(by: .seconds(2))
    for type in ResourceType.all where type.isNamespaced {
      #expect(simulation.state.store.objects(type, namespace: Simulation.namespace).isEmpty, "\(type.plural)")
    }
    #expect(simulation.request("GET", "/api/v1/namespaces/\(Simulation.namespace)").status == 404)
  }

  @Test func oldRevisionsBeyondTheLimitGo() {
    var (simulation, _) = pod(["containers": [["name": "hello", "image": "x:v1"]]])
    let path = Simulation.path("deployments") + "/hello"
    _ = simulation.patch(path, ["spec": ["revisionHistoryLimit": 1]])
    for number in 2...5 {
      simulation.setImage("v\(number)")
      simulation.advance(by: .seconds(3))
    }
    let sets = simulation.state.store.objects(.replicaSets, namespace: Simulation.namespace)
    #expect(Set(sets.map(\.revision)) == [4, 5])
  }

  @Test func theSameSeedGivesTheSameCluster() {
    func run() -> [JSON] {
      let (simulation, _) = pod(["containers": [["name": "web", "image": "x:flap"]]])
      return simulation.state.store.objects(.events) + simulation.state.store.objects(.pods)
    }
    #expect(run() == run())
  }
}
