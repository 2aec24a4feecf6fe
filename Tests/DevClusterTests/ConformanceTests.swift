import Testing

@testable import DevCluster

/// The simulation does what a real cluster did when the same was done to it.
@Suite struct ConformanceTests {
  /// A controller that is slow to look again sees the first pod at once, and leaves a status out.
  static var slowDeploymentController: ClusterTiming {
    var timing = ClusterTiming()
    timing.deploymentController = .milliseconds(12)
    timing.replicaSetController = .milliseconds(4)
    return timing
  }

  @Test func rollingUpdateAndBack() throws {
    let recorded = try RecordedCase("a-rolling-update")
    let simulated = Replay(recorded, startsEmpty: true).run { simulation, action in
      switch action {
      case "create v1": Replay.create(&simulation, recorded)
      case "patch image v2": simulation.setImage("v2")
      default: simulation.setImage("v1")
      }
    }
    compare(recorded, simulated)
  }

  @Test(arguments: ["b-imagepullbackoff", "c-crashloop", "d-hang"])
  func failingUpdateAndBack(name: String) throws {
    let recorded = try RecordedCase(name)
    let timing = name.hasPrefix("d") ? ClusterTiming() : Self.slowDeploymentController
    let simulated = Replay(recorded, timing: timing).run { simulation, action in
      let tag = action.split(separator: " ").first { $0.hasPrefix("v") } ?? ""
      if tag == "v1" { simulation.set(ClusterTiming()) }
      simulation.setImage(String(tag))
    }
    compare(recorded, simulated)
  }

  @Test(arguments: [
    ("e1-deleted-mid-rollout-background", "Background"), ("e2-deleted-mid-rollout-foreground", "Foreground"),
    ("e3-deleted-mid-rollout-orphan", "Orphan"),
  ])
  func deletedInTheMiddle(name: String, propagation: String) throws {
    let recorded = try RecordedCase(name)
    let simulated = Replay(recorded).run { simulation, action in
      if action.hasPrefix("patch") {
        simulation.setImage("v2")
      } else {
        let path = Simulation.path("deployments") + "/hello"
        simulation.request("DELETE", path, ["propagationPolicy": .string(propagation)])
      }
    }
    compare(recorded, simulated)
  }

  @Test func deletedAndRecreated() throws {
    let recorded = try RecordedCase("e4-deleted-and-recreated")
    let simulated = Replay(recorded).run { simulation, action in
      switch action {
      case "patch v2": simulation.setImage("v2")
      case "delete": simulation.request("DELETE", Simulation.path("deployments") + "/hello")
      default: Replay.create(&simulation, recorded, tag: "v3")
      }
    }
    // The recording's simulator started the container of a pod that was being deleted.
    compare(recorded, simulated, exceptPod: 2)
  }

  @Test func pausedAndResumed() throws {
    let recorded = try RecordedCase("f-paused")
    let path = Simulation.path("deployments") + "/hello"
    let replay = Replay(recorded, timing: Self.slowDeploymentController, quickensAt: 5300)
    let simulated = replay.run { simulation, action in
      switch action {
      case "pause": _ = simulation.patch(path, ["spec": ["paused": true]])
      case "resume": _ = simulation.patch(path, ["spec": ["paused": false]])
      default: simulation.setImage("v2")
      }
    }
    compare(recorded, simulated)
  }

  @Test func quotaInTheWay() throws {
    let recorded = try RecordedCase("i-quota-replicafailure")
    let simulated = Replay(recorded, timing: Self.slowDeploymentController).run(
      prepare: { simulation in
        let quota: JSON = ["metadata": ["name": "q"], "spec": ["hard": ["pods": "2"]]]
        simulation.request("POST", Simulation.path("resourcequotas"), quota)
        simulation.advance(by: .milliseconds(300))
      },
      { simulation, _ in simulation.setImage("v2") })
    compare(recorded, simulated)
  }

  @Test func noNodeFits() throws {
    let recorded = try RecordedCase("j-unschedulable")
    let simulated = Replay(recorded, timing: Self.slowDeploymentController).run { simulation, _ in
      let path = Simulation.path("deployments") + "/hello"
      _ = simulation.patch(path, ["spec": ["template": ["spec": ["nodeSelector": ["no": "such"]]]]])
    }
    compare(recorded, simulated)
  }

  @Test func scaled() throws {
    let recorded = try RecordedCase("k-scale")
    let simulated = Replay(recorded).run { simulation, action in
      let path = Simulation.path("deployments") + "/hello/scale"
      let replicas = Int(action.split(separator: " ").last ?? "") ?? 0
      simulation.request(
        "PATCH", path, ["spec": ["replicas": JSON(replicas)]], contentType: "application/merge-patch+json")
    }
    compare(recorded, simulated)
  }

  @Test(arguments: ["l-superseded", "m-minready", "n-flap", "o-recreate"])
  func otherUpdates(name: String) throws {
    let recorded = try RecordedCase(name)
    var timing = name.hasPrefix("l") ? Self.slowDeploymentController : ClusterTiming()
    // How far apart two pods flap depends on how long the second one's image took.
    if name.hasPrefix("n") { timing.imagePull = .milliseconds(230) }
    let replay = Replay(recorded, timing: timing, slack: name.hasPrefix("n") ? 60 : 1500)
    let simulated = replay.run { simulation, action in
      if action == "patch v3" {
        timing.replicaSetController = .milliseconds(9)
        simulation.set(timing)
      }
      simulation.setImage(String(action.split(separator: " ").last ?? ""))
    }
    compare(recorded, simulated)
  }

  @Test func kubectlUndo() throws {
    let recorded = try RecordedCase("p-kubectl-undo")
    let simulated = Replay(recorded, startsEmpty: true).run(
      prepare: { simulation in
        Replay.create(&simulation, recorded, tag: "v1")
        simulation.advance(by: .seconds(5))
        simulation.setImage("v2")
        simulation.advance(by: .seconds(5))
      },
      { simulation, _ in simulation.setImage("v1") })
    compare(recorded, simulated)
  }
}

/// Does to a simulation what was done in a recorded case.
struct Replay {
  var recorded: RecordedCase
  var startsEmpty = false
  var timing = ClusterTiming()

  /// Milliseconds to go on after the last recorded event.
  var slack = 1500
  /// When, in milliseconds, the controllers' speed becomes the usual one.
  var quickensAt: Int?

  init(
    _ recorded: RecordedCase, startsEmpty: Bool = false, timing: ClusterTiming = ClusterTiming(), slack: Int = 1500,
    quickensAt: Int? = nil
  ) {
    self.quickensAt = quickensAt
    self.recorded = recorded
    self.startsEmpty = startsEmpty
    self.timing = timing
    self.slack = slack
  }

  static func create(_ simulation: inout Simulation, _ recorded: RecordedCase, tag: String? = nil) {
    var spec = recorded.deployment?["spec"] ?? .null
    if let tag {
      spec["template"]["spec"]["containers"][0]["image"] = .string("harbor.local/octave/hello:\(tag)")
    }
    let body: JSON = [
      "apiVersion": "apps/v1", "kind": "Deployment",
      "metadata": ["name": "hello", "labels": ["app": "hello"]], "spec": spec,
    ]
    simulation.request("POST", Simulation.path("deployments"), body)
  }

  func run(
    prepare: (inout Simulation) -> Void = { _ in }, _ act: (inout Simulation, String) -> Void
  ) -> [RecordedCase.Event] {
    var simulation = Simulation(timing)
    if !startsEmpty {
      Self.create(&simulation, recorded)
      simulation.advance(by: .seconds(8))
    }
    prepare(&simulation)
    simulation.watch()
    for action in recorded.actions {
      // What was noted is when the answer had come; what was written came a little earlier.
      simulation.advance(to: action.milliseconds - 5)
      act(&simulation, action.name)
    }
    if let quickensAt {
      simulation.advance(to: quickensAt)
      simulation.set(ClusterTiming())
    }
    simulation.advance(to: (recorded.events.map(\.milliseconds).max() ?? 0) + slack)
    return simulation.events
  }
}

/// Compares everything that a story tells, except one pod where the recording itself has a race.
func compare(_ recorded: RecordedCase, _ simulated: [RecordedCase.Event], exceptPod exception: Int? = nil) {
  let expected = Story(recorded.events)
  let actual = Story(simulated)
  expectSame("deployment", expected.deployment, actual.deployment)
  #expect(expected.sets.count == actual.sets.count)
  for (index, pair) in zip(expected.sets, actual.sets).enumerated() { expectSame("set \(index)", pair.0, pair.1) }
  #expect(expected.pods.count == actual.pods.count)
  for (index, pair) in zip(expected.pods, actual.pods).enumerated() where index != exception {
    expectSame("pod \(index)", pair.0, pair.1)
  }
  #expect(expected.events.count == actual.events.count)
  for (one, other) in zip(expected.events, actual.events) { expectSame("events", one, other) }
}

func expectSame(_ what: String, _ expected: [String], _ actual: [String]) {
  if expected == actual { return }
  let difference = actual.difference(from: expected).map { change -> String in
    switch change {
    case .remove(let offset, let line, _): "  - [\(offset)] \(line)"
    case .insert(let offset, let line, _): "  + [\(offset)] \(line)"
    }
  }
  Issue.record("\(what) differs, - recorded, + simulated:\n\(difference.joined(separator: "\n"))")
}
