import Testing

@testable import DevCluster

/// Images that fail in ways that no recorded case shows; the states are those of a kubelet.
@Suite struct ImageBehaviourTests {
  /// A pod of one container, or of a sidecar and one, and what its events said.
  private func run(
    _ tag: String, milliseconds: Int, sidecar: String? = nil
  ) -> (pod: JSON, events: [String]) {
    var simulation = Simulation()
    var spec: JSON = ["containers": [["name": "web", "image": .string("r/x:\(tag)")]]]
    if let sidecar {
      spec["initContainers"] = [["name": "proxy", "image": .string("r/p:\(sidecar)"), "restartPolicy": "Always"]]
    }
    simulation.request(
      "POST", Simulation.path("deployments"),
      [
        "metadata": ["name": "hello"],
        "spec": [
          "replicas": 1, "selector": ["matchLabels": ["a": "b"]],
          "template": ["metadata": ["labels": ["a": "b"]], "spec": spec],
        ],
      ])
    simulation.advance(by: .milliseconds(milliseconds))
    let pod = simulation.state.store.objects(.pods, namespace: Simulation.namespace).first ?? .null
    let events = simulation.state.store.objects(.events, namespace: Simulation.namespace)
      .filter { $0["involvedObject"]["kind"] == "Pod" }
      .map { "\($0["reason"].string ?? ""): \($0["message"].string ?? "")" }
    return (pod, events)
  }

  @Test func aBlipIsPulledAtTheSecondAttempt() {
    let first = run("v2-blip", milliseconds: 400).pod["status"]["containerStatuses"][0]["state"]["waiting"]
    #expect(first["reason"] == "ErrImagePull")
    #expect(first["message"].string?.hasSuffix("unexpected status from HEAD request: 503 Service Unavailable") == true)
    #expect(run("v2-blip", milliseconds: 5000).pod.isReadyPod)
  }

  @Test func aMissingSecretKeepsAContainerFromBeingConfigured() {
    let (pod, events) = run("v2-config", milliseconds: 5000)
    let waiting = pod["status"]["containerStatuses"][0]["state"]["waiting"]
    #expect(waiting["reason"] == "CreateContainerConfigError")
    #expect(waiting["message"] == "secret \"web-settings\" not found")
    #expect(events.contains("Failed: Error: secret \"web-settings\" not found"))
    #expect(pod["status"]["phase"] == "Pending")
  }

  @Test func aProgramThatIsNotThereCannotBeStarted() {
    let status = run("v2-nostart", milliseconds: 1000).pod["status"]["containerStatuses"][0]
    let exit = status["lastState"]["terminated"]
    #expect(exit["exitCode"] == 128 && exit["reason"] == "StartError")
    #expect(exit["message"].string?.hasSuffix("stat /app/server: no such file or directory") == true)
    #expect(status["state"]["waiting"]["reason"] == "CrashLoopBackOff")
  }

  @Test func tooMuchMemoryEndsWith137() {
    let status = run("v2-oom", milliseconds: 1000).pod["status"]["containerStatuses"][0]
    #expect(status["lastState"]["terminated"]["exitCode"] == 137)
    #expect(status["lastState"]["terminated"]["reason"] == "OOMKilled")
  }

  @Test func aFlakyContainerRestartsTwiceAndRuns() {
    #expect(run("v2-flaky", milliseconds: 1000).pod["status"]["containerStatuses"][0]["restartCount"] == 1)
    let (pod, _) = run("v2-flaky", milliseconds: 5000)
    #expect(pod.isReadyPod)
    #expect(pod["status"]["containerStatuses"][0]["restartCount"] == 2)
  }

  @Test func aFlakySidecarHoldsTheOthersUpUntilItRuns() {
    let waiting = run("v1", milliseconds: 1000, sidecar: "flaky").pod
    #expect(waiting["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing")
    #expect(run("v1", milliseconds: 8000, sidecar: "flaky").pod.isReadyPod)
  }

  @Test func aLivenessProbeKills() {
    let (pod, events) = run("v2-liveness", milliseconds: 2500)
    let last = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    #expect(last["exitCode"] == 137 && last["reason"] == "Error")
    #expect(events.contains("Killing: Container web failed liveness probe, will be restarted"))
    #expect(events.contains("Unhealthy: Liveness probe failed: HTTP probe failed with statuscode: 500"))
  }

  // MARK: Room on the nodes

  @Test(
    arguments: [
      ("500m", 500), ("2", 2000), ("0.5", 500), ("1k", 1_000_000), ("64Mi", 64 * 1_048_576 * 1000), ("x", 0),
      ("1Zi", 0), ("", 0),
    ] as [(String, Int64)])
  func quantitiesAreCounted(text: String, thousandths: Int64) {
    #expect(ResourceRequests.thousandths(.string(text)) == thousandths)
  }

  private func deployment(_ name: String, replicas: Int, _ resources: JSON) -> JSON {
    [
      "metadata": ["name": .string(name)],
      "spec": [
        "replicas": JSON(replicas), "selector": ["matchLabels": ["app": .string(name)]],
        "template": [
          "metadata": ["labels": ["app": .string(name)]],
          "spec": ["containers": [["name": "web", "image": "r/x:v1", "resources": resources]]],
        ],
      ],
    ]
  }

  /// Two nodes of 8 CPUs: one pod of 5 on each, and no room for a third until one has gone.
  @Test func aPodThatFindsNoRoomWaitsUntilThereIsSome() {
    var simulation = Simulation()
    simulation.request(
      "POST", Simulation.path("deployments"), deployment("a", replicas: 2, ["requests": ["cpu": "5"]]))
    simulation.advance(by: .seconds(2))
    simulation.request(
      "POST", Simulation.path("deployments"), deployment("b", replicas: 1, ["limits": ["cpu": 4]]))
    simulation.advance(by: .seconds(2))
    func pod() -> JSON {
      simulation.state.store.objects(.pods, namespace: Simulation.namespace).first { $0.labels["app"] == "b" } ?? .null
    }
    #expect(pod().condition("PodScheduled")["reason"] == "Unschedulable")
    #expect(
      pod().condition("PodScheduled")["message"].string
        == "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are "
        + "available: 2 No preemption victims found for incoming pod.")
    simulation.request("DELETE", Simulation.path("deployments") + "/a")
    simulation.advance(by: .seconds(3))
    #expect(pod().isReadyPod)
  }

  @Test func eachNodesReasonIsCounted() {
    var simulation = Simulation()
    _ = simulation.patch("/api/v1/nodes/sim-node-1", ["spec": ["unschedulable": true]])
    simulation.request(
      "POST", Simulation.path("deployments"), deployment("a", replicas: 1, ["requests": ["memory": "20Gi"]]))
    simulation.advance(by: .seconds(1))
    let pod = simulation.state.store.objects(.pods, namespace: Simulation.namespace).first ?? .null
    #expect(
      pod.condition("PodScheduled")["message"].string?
        .hasPrefix("0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable. ") == true)
  }
}
