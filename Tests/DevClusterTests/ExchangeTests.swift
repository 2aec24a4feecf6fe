import Foundation
import Testing

@testable import DevCluster

/// Single requests are answered as a real API server answered them.
@Suite struct ExchangeTests {
  /// One recorded request and its answer.
  struct Exchange {
    var name: String
    var request: APIRequest
    var status: Int
    var body: String
    var headers: [String: String]

    init(_ line: JSON) {
      name = line["case"].string ?? ""
      let recorded = line["request"]
      let parts = (recorded["path"].string ?? "").split(separator: "?", maxSplits: 1)
      request = APIRequest(method: recorded["method"].string ?? "", path: String(parts[0]))
      for pair in parts.dropFirst().first?.split(separator: "&") ?? [] {
        let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
        request.query[sides[0]] = sides.dropFirst().first?.removingPercentEncoding ?? ""
      }
      let headers = recorded["headers"]
      request.accept = headers["Accept"].string ?? ""
      request.contentType = headers["Content-Type"].string ?? ""
      request.userAgent = headers["User-Agent"].string ?? ""
      request.body = Array((recorded["body"].string ?? "").utf8)
      status = line["status"].int ?? 0
      body = line["response_body"].string ?? ""
      self.headers = line["response_headers"].strings
    }

    var json: JSON { (try? JSON.parse(text: body)) ?? .null }

    /// Who sent it: the recording left the tokens out, the names are in the cases and messages.
    var caller: Caller {
      if name.contains("anonymous") { return .anonymous }
      if name.contains("viewer") { return Caller(name: "viewer", rules: [.readAll]) }
      if name.contains("nobody") { return Caller(name: "nobody", rules: []) }
      if name.contains("deployer") || name == "whoami" {
        let rule = AccessRule(verbs: ["get", "list", "watch", "patch"], resources: ["deployments"])
        return Caller(name: "deployer", groups: ["deployers", "system:authenticated"], rules: [rule])
      }
      return .admin
    }
  }

  /// A cluster with the Deployment `hello` in that namespace, rolled out and left alone.
  static func cluster(_ namespace: String, historyLimit: Int = 1000) -> ClusterState {
    var state = ClusterState(
      timing: ClusterTiming(), seed: 3, now: Timestamp(microseconds: 1_795_000_000_000_000),
      historyLimit: historyLimit)
    func post(_ path: String, _ body: JSON) {
      var request = APIRequest(method: "POST", path: path)
      request.userAgent = "recorder/1"
      request.body = body.encoded
      _ = state.respond(to: request, from: .admin)
    }
    post("/api/v1/namespaces", ["metadata": ["name": .string(namespace)]])
    let container: JSON = [
      "name": "hello", "image": "harbor.local/octave/hello:v1", "ports": [["containerPort": 8080]],
      "readinessProbe": ["httpGet": ["path": "/healthz", "port": 8080], "periodSeconds": 1],
    ]
    let template: JSON = [
      "metadata": ["labels": ["app": "hello"], "annotations": ["sim/ready-after-ms": "300"]],
      "spec": ["containers": [container]],
    ]
    post(
      "/apis/apps/v1/namespaces/\(namespace)/deployments",
      [
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": ["name": "hello", "labels": ["app": "hello"]],
        "spec": [
          "replicas": 2, "progressDeadlineSeconds": 20, "revisionHistoryLimit": 10,
          "selector": ["matchLabels": ["app": "hello"]],
          "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1, "maxUnavailable": 0]],
          "template": template,
        ],
      ])
    state.advance(to: state.now + .seconds(3))
    state.outbox = []
    return state
  }

  @Test func patchesAndErrors() throws {
    var state = Self.cluster("tr-h")
    let recordedUID = try Exchange(Fixture.lines("h-patch-and-errors")[0]).json.uid
    let key = ObjectKey(namespace: "tr-h", name: "hello")
    let exchanges = try Fixture.lines("h-patch-and-errors").map(Exchange.init)
    #expect(exchanges.count == 39)
    for exchange in exchanges {
      // A bad token never gets as far as the API; the server's own test has it.
      if exchange.status == 401 { continue }
      let before = try #require(state.store.object(.deployments, key))
      var request = exchange.request
      let body = String(decoding: request.body, as: UTF8.self).replacing(recordedUID, with: before.uid)
      request.body = Array(body.utf8)
      let response = state.respond(to: request, from: exchange.caller)
      #expect(response.status == exchange.status, "\(exchange.name): \(response.text)")
      if exchange.status >= 400 {
        let expected = exchange.body.replacing(recordedUID, with: before.uid)
        if exchange.json.isNull {
          #expect(response.text == expected, "\(exchange.name)")
        } else {
          #expect(try response.json == JSON.parse(text: expected), "\(exchange.name): \(response.text)")
        }
      } else {
        expectAlike(exchange, response, before)
      }
      #expect(
        response.headers.first { $0.name == "Warning" }?.value == exchange.headers["Warning"], "\(exchange.name)")
      state.advance(to: state.now + .seconds(2))
    }
  }

  private func expectAlike(_ exchange: Exchange, _ response: APIResponse, _ before: JSON) {
    let expected = exchange.json
    let actual = response.json
    #expect(actual.generation == expected.generation, "\(exchange.name)")
    #expect(actual["spec"] == expected["spec"], "\(exchange.name)")
    #expect(actual.annotations == expected.annotations, "\(exchange.name)")
    #expect(actual.statusReplicas == expected.statusReplicas, "\(exchange.name)")
    let isUnchanged = exchange.request.query["dryRun"] != nil || exchange.name.contains("no change")
    #expect((actual.resourceVersion == before.resourceVersion) == (isUnchanged || exchange.name == "get"))
  }

  @Test func discoveryAndLists() throws {
    var state = Self.cluster("tr-h")
    _ = state.respond(
      to: {
        var request = APIRequest(method: "PATCH", path: "/apis/apps/v1/namespaces/tr-h/deployments/hello")
        request.contentType = "application/strategic-merge-patch+json"
        request.body = Array(
          #"{"spec":{"template":{"spec":{"containers":[{"name":"hello","image":"harbor.local/octave/hello:v2"}]}}}}"#
            .utf8)
        return request
      }(), from: .admin)
    state.advance(to: state.now + .seconds(3))
    for exchange in try Fixture.lines("h2-discovery-access-lists").map(Exchange.init) {
      let response = state.respond(to: exchange.request, from: exchange.caller)
      #expect(response.status == exchange.status, "\(exchange.name): \(response.text)")
      let actual = response.json
      let expected = exchange.json
      #expect(actual["kind"] == expected["kind"], "\(exchange.name)")
      #expect(actual["apiVersion"] == expected["apiVersion"], "\(exchange.name)")
      if exchange.status >= 400 { #expect(actual == expected, "\(exchange.name)") }
      switch exchange.name {
      case "apis/apps/v1":
        for resource in actual["resources"].elements {
          let real = expected["resources"].elements.first { $0["name"] == resource["name"] }
          var plain = real
          plain?["storageVersionHash"] = .null
          #expect(plain == resource)
        }
      case "deployments as Table":
        let columns = { (table: JSON) in
          table["columnDefinitions"].elements.map { [$0["name"], $0["type"], $0["format"], $0["priority"]] }
        }
        #expect(columns(actual) == columns(expected))
        var cells = actual["rows"][0]["cells"].elements
        cells[4] = expected["rows"][0]["cells"][4]
        #expect(cells == expected["rows"][0]["cells"].elements)
      case "pods limit=1 (continue token)":
        #expect(actual["items"].elements.count == 1)
        #expect(actual["metadata"]["remainingItemCount"] == expected["metadata"]["remainingItemCount"])
        #expect(actual["items"][0]["kind"].isNull)
        var next = exchange.request
        next.query["continue"] = actual["metadata"]["continue"].string
        let rest = state.respond(to: next, from: .admin).json
        #expect(rest["items"].elements.count == 1 && rest["metadata"]["continue"].isNull)
        #expect(rest["items"][0].name > actual["items"][0].name)
      case "scale subresource":
        #expect(actual["spec"] == expected["spec"] && actual["status"] == expected["status"])
      case "list of replicasets by label": #expect(actual["items"].elements.count == 2)
      case let name where name.hasPrefix("can "):
        #expect(actual["status"]["allowed"] == expected["status"]["allowed"], "\(name)")
      case "whoami": #expect(actual["status"]["userInfo"]["username"] == "deployer")
      default: break
      }
    }
  }

  @Test func resourceVersions() throws {
    // A short memory, as the recording's resource versions are older than its caches.
    var state = Self.cluster("tr-g", historyLimit: 20)
    let path = "/apis/apps/v1/namespaces/tr-g/deployments"
    func setImage(_ tag: String) {
      var request = APIRequest(method: "PATCH", path: path + "/hello")
      request.contentType = "application/strategic-merge-patch+json"
      request.body = Array(
        #"{"spec":{"template":{"spec":{"containers":[{"name":"hello","image":"x/hello:\#(tag)"}]}}}}"#.utf8)
      _ = state.respond(to: request, from: .admin)
      state.advance(to: state.now + .seconds(3))
    }
    for tag in ["v2", "v3", "v4", "v5", "v6"] { setImage(tag) }
    // A resource version that the history still reaches: the one before the newest few changes.
    let recent = state.store.resourceVersion - 3
    var restarted = false
    for exchange in try Fixture.lines("g-too-old-resourceversion").map(Exchange.init) {
      // What only etcd's compaction, or a server without a cache, can show.
      if exchange.name.contains("continue token") && !exchange.name.hasPrefix("malformed") { continue }
      if exchange.name.contains("--watch-cache=false") { continue }
      if exchange.name.hasPrefix("after an apiserver restart"), !restarted {
        restarted = true
        state.store.forgetHistory()
        setImage("v7")
      }
      var request = exchange.request
      if request.query["resourceVersion"] == "1660" {
        request.query["resourceVersion"] = String(restarted ? recent - 40 : recent)
      }
      state.outbox = []
      let response = state.respond(to: request, from: .admin)
      #expect(response.status == exchange.status, "\(exchange.name): \(response.text)")
      guard case .watch(let id) = response.body else {
        if exchange.status >= 400 {
          let numbers = /[0-9]{3,}/
          let expected = exchange.body.trimmingCharacters(in: .newlines).replacing(numbers, with: "N")
          #expect(
            try JSON.parse(text: expected.replacing("\"code\":N", with: "\"code\":0"))
              == JSON.parse(
                text: response.json.text.replacing(numbers, with: "N").replacing("\"code\":N", with: "\"code\":0")),
            "\(exchange.name)")
        }
        continue
      }
      state.advance(to: state.now + .seconds(5))
      let lines = state.outbox.filter { $0.watch == id }.compactMap(\.lines).flatMap { $0.split(separator: 0x0A) }
      let types = try lines.map { try JSON.parse($0)["type"].string ?? "" }
      let expected = try exchange.body.split(separator: "\n").map {
        try JSON.parse(text: String($0))["type"].string ?? ""
      }
      #expect(Set(types) == Set(expected), "\(exchange.name): \(types)")
      #expect(types.isEmpty == expected.isEmpty)
      if expected == ["ERROR"] {
        let status = try JSON.parse(lines[0])["object"]
        #expect(status["code"] == 410 && status["reason"] == "Expired")
        #expect(status["message"].string?.hasPrefix("too old resource version: ") == true)
      }
      #expect(state.outbox.contains { $0.watch == id && $0.lines == nil }, "\(exchange.name) does not end")
    }
  }
}
