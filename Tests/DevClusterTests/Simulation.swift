@testable import DevCluster

/// A cluster on a virtual clock, and what watches of one namespace saw of it.
struct Simulation {
  static let namespace = "tr"

  private(set) var state: ClusterState
  private(set) var events: [RecordedCase.Event] = []
  private var watches: [Int: String] = [:]
  private var start: Timestamp

  init(_ timing: ClusterTiming = ClusterTiming(), seed: UInt64 = 7) {
    // Half past a whole second, as no cluster's clock stands at zero.
    start = Timestamp(microseconds: 1_795_000_000_300_000)
    state = ClusterState(timing: timing, seed: seed, now: start)
    _ = request("POST", "/api/v1/namespaces", ["metadata": ["name": .string(Self.namespace)]])
  }

  static func path(_ kind: String) -> String {
    let group = kind == "pods" || kind == "events" || kind == "resourcequotas" ? "api/v1" : "apis/apps/v1"
    return "/\(group)/namespaces/\(namespace)/\(kind)"
  }

  /// Opens the four watches and counts milliseconds from now on.
  mutating func watch() {
    start = state.now
    for kind in ["deployments", "replicasets", "pods", "events"] {
      watch(kind, query: ["watch": "1", "allowWatchBookmarks": "true"])
    }
    collect()
  }

  /// Opens one watch more; what it sees is among `events`.
  mutating func watch(_ kind: String, query: [String: String]) {
    var request = APIRequest(method: "GET", path: Self.path(kind))
    request.query = query
    if case .watch(let id) = state.respond(to: request, from: .admin).body { watches[id] = kind }
    collect()
  }

  mutating func advance(to milliseconds: Int) {
    // Step by step, so that each event gets its own time.
    let end = start + .milliseconds(milliseconds)
    while let due = state.nextDue(), due <= end {
      state.advance(to: due)
      collect()
    }
    state.advance(to: end)
    collect()
  }

  mutating func advance(by span: Duration) {
    state.advance(to: state.now + span)
    collect()
  }

  @discardableResult
  mutating func request(
    _ method: String, _ path: String, _ body: JSON? = nil, query: [String: String] = [:],
    contentType: String = "application/json", caller: Caller = .admin
  ) -> APIResponse {
    var request = APIRequest(method: method, path: path)
    request.query = query
    request.contentType = contentType
    request.userAgent = "recorder/1.0"
    request.body = body?.encoded ?? []
    let response = state.respond(to: request, from: caller)
    collect()
    return response
  }

  mutating func patch(_ path: String, _ patch: JSON, query: [String: String] = [:]) -> APIResponse {
    request("PATCH", path, patch, query: query, contentType: "application/strategic-merge-patch+json")
  }

  /// Sets the image of the Deployment `hello`.
  mutating func setImage(_ tag: String) {
    let containers: JSON = [["name": "hello", "image": .string("harbor.local/octave/hello:\(tag)")]]
    _ = patch(Self.path("deployments") + "/hello", ["spec": ["template": ["spec": ["containers": containers]]]])
  }

  /// From now on parts of the cluster take that long.
  mutating func set(_ timing: ClusterTiming) { state.timing = timing }

  mutating func forgetHistory() { state.store.forgetHistory() }

  /// Opens a watch whose lines are kept apart.
  mutating func open(_ request: APIRequest) -> Int {
    guard case .watch(let id) = state.respond(to: request, from: .admin).body else { return 0 }
    watches[id] = "watch \(id)"
    collect()
    return id
  }

  func lines(of id: Int) -> [JSON] {
    events.filter { $0.kind == "watch \(id)" }.map { ["type": .string($0.type), "object": $0.object] }
  }

  private mutating func collect() {
    let milliseconds = Int(state.now.since(start).microseconds / 1000)
    for output in state.outbox {
      guard let kind = watches[output.watch], let lines = output.lines else { continue }
      for line in lines.split(separator: 0x0A) {
        guard let event = try? JSON.parse(line) else { continue }
        events.append(
          RecordedCase.Event(
            kind: kind, milliseconds: milliseconds, type: event["type"].string ?? "", object: event["object"]))
      }
    }
    state.outbox = []
  }
}

extension APIResponse {
  /// The body as JSON.
  var json: JSON {
    if case .bytes(let bytes) = body { return (try? JSON.parse(bytes)) ?? .null }
    return .null
  }

  var text: String {
    if case .bytes(let bytes) = body { return String(decoding: bytes, as: UTF8.self) }
    return ""
  }
}
