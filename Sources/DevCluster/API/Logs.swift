/// Logs of containers that never ran: what a small web service would plausibly write.
extension ClusterState {
  func log(_ path: ObjectPath, _ request: APIRequest) throws(APIStatus) -> APIResponse {
    guard let pod = store.object(.pods, path.key) else { throw .notFound(.pods, path.name ?? "") }
    let names = pod.allContainers.map { $0["name"].string ?? "" }
    let asked = request.query["container"] ?? ""
    if asked.isEmpty, names.count > 1 {
      throw .badRequest(
        "a container name must be specified for pod \(pod.name), choose one of: [\(names.joined(separator: " "))]")
    }
    guard let index = asked.isEmpty ? names.indices.first : names.firstIndex(of: asked) else {
      throw .badRequest("container \(asked) is not valid for pod \(pod.name)")
    }
    let previous = request.flag("previous")
    let runtime = containers[ContainerKey(pod: pod.uid, index: index)]
    guard let start = previous ? runtime?.previousStart : runtime?.startedAt else {
      if previous {
        throw .badRequest(
          "previous terminated container \"\(names[index])\" in pod \"\(pod.name)\" not found")
      }
      let reason = pod.status(index)["state"]["waiting"]["reason"].string ?? "ContainerCreating"
      let shown = ["ErrImagePull", "ImagePullBackOff"].contains(reason) ? "trying and failing to pull image" : reason
      throw .badRequest(
        "container \"\(names[index])\" in pod \"\(pod.name)\" is waiting to start: \(shown)")
    }
    var lines = Self.lines(image: pod.image(index), start: start, hasEnded: previous || runtime?.hasEnded == true)
    if let since = request.query["sinceSeconds"].flatMap(Int.init) {
      lines.removeAll { $0.0 < now + .seconds(-since) }
    }
    lines.removeAll { $0.0 > now }
    if let tail = request.query["tailLines"].flatMap(Int.init) { lines = lines.suffix(max(0, tail)) }
    let stamped = request.flag("timestamps")
    var text = lines.map { (stamped ? "\($0.0.micro) " : "") + $0.1 + "\n" }.joined()
    if let limit = request.query["limitBytes"].flatMap(Int.init) { text = String(text.prefix(limit)) }
    var response = APIResponse(text: text)
    response.contentType = "text/plain"
    return response
  }

  private static func lines(image: String, start: Timestamp, hasEnded: Bool) -> [(Timestamp, String)] {
    var lines: [(Timestamp, String)] = []
    func say(_ milliseconds: Int, _ text: String) {
      let moment = start + .milliseconds(milliseconds)
      lines.append((moment, text))
    }
    say(0, "starting \(image)")
    say(3, "configuration read from the environment")
    switch ImageBehaviour(image: image) {
    case .healthy, .missing, .blip, .misconfigured, .unstartable:
      say(8, "listening on :8080")
      say(20, "GET /healthz 200")
    case .hanging:
      say(8, "waiting for the database at db:5432")
      for number in 1...3 { say(1000 * number, "GET /healthz 503 database not reachable") }
    case .crashing:
      say(9, "Traceback (most recent call last):")
      say(9, "  File \"/app/main.py\", line 12, in <module>")
      say(9, "    pool = os.environ['DB_POOL']")
      say(9, "KeyError: 'DB_POOL'")
    case .outOfMemory:
      say(9, "loading the catalogue into memory")
    case .flaky:
      if hasEnded {
        say(9, "fatal: no answer from the peer at localhost:9000")
      } else {
        say(9, "the peer at localhost:9000 answers")
      }
    case .unalive:
      say(8, "listening on :8080")
      say(500, "GET /livez 500 worker queue is stuck")
    case .flapping:
      say(8, "listening on :8080")
      say(20, "GET /healthz 200")
      if hasEnded { say(498, "fatal: connection to db:5432 lost") }
    }
    return lines
  }
}

extension ContainerRuntime {
  fileprivate var hasEnded: Bool {
    switch stage {
    case .exited, .crashBackOff, .completed: true
    default: false
    }
  }
}
