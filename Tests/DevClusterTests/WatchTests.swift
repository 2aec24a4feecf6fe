import Testing

@testable import DevCluster

/// Watches and lists: what is shown, from where, until when.
@Suite struct WatchTests {
  private func types(_ events: [RecordedCase.Event], _ kind: String) -> [String] {
    events.filter { $0.kind == kind }.map(\.type)
  }

  private func started() -> Simulation {
    var simulation = Simulation()
    create("hello", in: &simulation)
    simulation.advance(by: .seconds(5))
    return simulation
  }

  private func create(_ name: String, in simulation: inout Simulation) {
    let template: JSON = [
      "metadata": ["labels": ["app": .string(name)]],
      "spec": ["containers": [["name": "hello", "image": "harbor.local/octave/hello:v1"]]],
    ]
    let spec: JSON = ["replicas": 2, "selector": ["matchLabels": ["app": .string(name)]], "template": template]
    simulation.request(
      "POST", Simulation.path("deployments"),
      ["metadata": ["name": .string(name), "labels": ["app": .string(name)]], "spec": spec])
  }

  @Test func bookmarksComeEachMinuteAndJustBeforeTheEnd() throws {
    // Recorded: 60.5 s and 68.2 s into a watch of 70 s.
    let recorded = try RecordedCase("q-bookmarks").events.filter { $0.kind == "deployments" && $0.type == "BOOKMARK" }
    #expect(recorded.map { $0.milliseconds / 1000 } == [60, 68])
    var simulation = started()
    simulation.watch()
    let version = String(simulation.state.store.resourceVersion)
    let before = simulation.events.count
    simulation.watch(
      "deployments",
      query: ["watch": "1", "allowWatchBookmarks": "true", "timeoutSeconds": "70", "resourceVersion": version])
    simulation.advance(to: 75_000)
    let bookmarks = simulation.events.dropFirst(before).filter { $0.kind == "deployments" && $0.type == "BOOKMARK" }
    // The four other watches have their own each minute.
    #expect(Set(bookmarks.map { $0.milliseconds / 1000 }) == [60, 68])
    let stub = try #require(recorded.first?.object)
    var mine = try #require(bookmarks.last?.object)
    mine["metadata"]["resourceVersion"] = stub["metadata"]["resourceVersion"]
    var expected = stub
    expected.members["spec"] = mine["spec"]
    #expect(mine == expected)
    #expect(mine["spec"].members["selector"] == .null && mine["spec"]["replicas"] == 0)
  }

  @Test func aWatchFromThePatchedVersionMissesAndRepeatsNothing() throws {
    let recorded = try RecordedCase("r-watch-from-patch-rv")
    var simulation = started()
    let path = Simulation.path("deployments") + "/hello"
    let image: JSON = [["name": "hello", "image": "harbor.local/octave/hello:v2"]]
    let patched = simulation.patch(path, ["spec": ["template": ["spec": ["containers": image]]]])
    let version = patched.json.resourceVersion
    // Opened late on purpose.
    simulation.advance(by: .milliseconds(150))
    simulation.watch(
      "deployments",
      query: ["watch": "1", "fieldSelector": "metadata.name=hello", "resourceVersion": version])
    simulation.advance(by: .seconds(10))
    let seen = simulation.events.filter { $0.kind == "deployments" }
    #expect(seen.allSatisfy { $0.type == "MODIFIED" })
    #expect(!seen.contains { $0.object.resourceVersion == version })
    #expect(seen.first?.object.condition("Progressing")["reason"] == "NewReplicaSetCreated")
    #expect(seen.last?.object.condition("Progressing")["reason"] == "NewReplicaSetAvailable")
    let first = try #require(recorded.events.first { $0.kind == "deployments" })
    #expect(first.object.condition("Progressing")["reason"] == "NewReplicaSetCreated")
  }

  @Test func anObjectThatLeavesTheSelectorIsShownAsDeleted() {
    var simulation = started()
    let path = Simulation.path("deployments") + "/hello"
    simulation.watch("deployments", query: ["watch": "1", "labelSelector": "tier in (web, api),app"])
    #expect(types(simulation.events, "deployments").isEmpty)
    _ = simulation.patch(path, ["metadata": ["labels": ["tier": "web"]]])
    _ = simulation.patch(path, ["metadata": ["labels": ["tier": "api"]]])
    _ = simulation.patch(path, ["metadata": ["labels": ["tier": "db"]]])
    #expect(types(simulation.events, "deployments") == ["ADDED", "MODIFIED", "DELETED"])
    #expect(simulation.events.last?.object.labels["tier"] == "api")
  }

  @Test func aListGoesOnWhereItStoppedUnlessHistoryIsGone() {
    var simulation = started()
    for name in ["a", "b", "c"] { create(name, in: &simulation) }
    let first = simulation.request("GET", Simulation.path("deployments"), query: ["limit": "2"]).json
    let token = first["metadata"]["continue"].string ?? ""
    #expect(first["metadata"]["remainingItemCount"] == 2)
    create("bb", in: &simulation)
    // The rest is that of the moment of the first part.
    let rest = simulation.request("GET", Simulation.path("deployments"), query: ["limit": "5", "continue": token]).json
    #expect(rest["items"].elements.map(\.name) == ["c", "hello"])
    #expect(rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"])
    simulation.restart()
    let gone = simulation.request("GET", Simulation.path("deployments"), query: ["limit": "5", "continue": token])
    #expect(gone.status == 410 && gone.json["reason"] == "Expired")
    let again = gone.json["metadata"]["continue"].string ?? ""
    let now = simulation.request("GET", Simulation.path("deployments"), query: ["limit": "5", "continue": again]).json
    #expect(now["items"].elements.map(\.name) == ["bb", "c", "hello"])
  }

  @Test func aTableWatchCarriesItsColumnsOnce() {
    var simulation = started()
    var request = APIRequest(method: "GET", path: Simulation.path("deployments"))
    request.query = ["watch": "1"]
    request.accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    let tables = simulation.tables(request) { simulation in
      _ = simulation.patch(Simulation.path("deployments") + "/hello", ["metadata": ["annotations": ["a": "b"]]])
    }
    #expect(tables.count == 2)
    #expect(tables.first?["columnDefinitions"].elements.isEmpty == false)
    #expect(tables.last?["columnDefinitions"] == .null)
    #expect(tables.last?["rows"][0]["cells"][1] == "2/2")
  }

  @Test func manyDeploymentsRollAtOnce() {
    var simulation = Simulation()
    for number in 0..<25 { create("app-\(number)", in: &simulation) }
    simulation.watch()
    simulation.advance(by: .seconds(20))
    let image: JSON = [["name": "hello", "image": "harbor.local/octave/hello:v2"]]
    for number in 0..<25 {
      _ = simulation.patch(
        Simulation.path("deployments") + "/app-\(number)", ["spec": ["template": ["spec": ["containers": image]]]])
    }
    simulation.advance(by: .seconds(20))
    let done = simulation.state.store.objects(.deployments).count {
      $0.updatedReplicas == 2 && $0.statusReplicas == 2 && $0.revision == 2 && $0.observedGeneration == $0.generation
    }
    #expect(done == 25)
    #expect(simulation.state.store.objects(.pods).count == 50)
  }
}

extension Simulation {
  mutating func restart() { forgetHistory() }

  /// The objects of a watch's lines while something is done.
  mutating func tables(_ request: APIRequest, _ act: (inout Simulation) -> Void) -> [JSON] {
    let id = open(request)
    act(&self)
    return lines(of: id).map { $0["object"] }
  }
}
