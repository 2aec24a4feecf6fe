import Foundation

@testable import DevCluster

/// What the watches of a real cluster saw while something was done to it.
struct RecordedCase {
  struct Event {
    var kind: String
    var milliseconds: Int
    var type: String
    var object: JSON
  }

  var actions: [(milliseconds: Int, name: String)]
  var events: [Event]

  init(_ name: String) throws {
    let lines = try Fixture.lines(name)
    actions = lines[0]["actions"].elements.map { ($0["ms"].int ?? 0, $0["action"].string ?? "") }
    events = lines.dropFirst().map { line in
      Event(
        kind: line["kind"].string ?? "", milliseconds: line["ms"].int ?? 0, type: line["type"].string ?? "",
        object: line["object"])
    }
  }

  /// The Deployment as it was first seen.
  var deployment: JSON? { events.first { $0.kind == "deployments" && $0.type == "ADDED" }?.object }
}

enum Fixture {
  /// The lines of a fixture, each one JSON value.
  static func lines(_ name: String) throws -> [JSON] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")
    let text = try String(contentsOf: folder.appending(path: name + ".jsonl"), encoding: .utf8)
    return try text.split(separator: "\n").map { try JSON.parse(text: String($0)) }
  }
}
