import Foundation
import KubernetesObjects
import RolloutCore

/// One recorded folder: what a real API server's watches said while something was done to a Deployment, merged into
/// one line of time by arrival.
struct RecordedCase {
  /// One event of a watch, with its place: `deployments 16` is line 17 of that watch.
  struct Item {
    var place: String
    var ms: Int
    var event: RolloutEvent?
    /// For Deployments: the object and what its managed fields say about the newest change of its specification.
    var deployment: Deployment?
    var specChangedAt: Timestamp?
  }

  var name: String
  var items: [Item] = []
  var actions: [Action] = []

  struct Action: Decodable {
    var ms: Int
    var action: String
  }

  init(_ name: String) throws {
    self.name = name
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
    struct Actions: Decodable { var actions: [Action] }
    let actionsFile = try Data(contentsOf: folder.appending(path: "actions.json"))
    actions = try JSONDecoder().decode(Actions.self, from: actionsFile).actions
    for kind in ["deployments", "replicasets", "pods", "events"] {
      let watch = folder.appending(path: "\(kind).watch.jsonl")
      guard FileManager.default.fileExists(atPath: watch.path) else { continue }
      let lines = try String(contentsOf: watch, encoding: .utf8).split(separator: "\n")
      let arrivals = try String(contentsOf: folder.appending(path: "\(kind).ms.txt"), encoding: .utf8)
        .split(separator: "\n").compactMap { Double($0).map { Int($0) } }
      for (index, (line, ms)) in zip(lines, arrivals).enumerated() {
        items.append(try Self.item(kind, index, ms, Data(line.utf8)))
      }
    }
    // The sort is stable: of one kind the order is kept.
    items = items.enumerated().sorted { ($0.element.ms, $0.offset) < ($1.element.ms, $1.offset) }.map(\.element)
  }

  private static func item(_ kind: String, _ index: Int, _ ms: Int, _ line: Data) throws -> Item {
    let decoder = JSONDecoder()
    var item = Item(place: "\(kind) \(index)", ms: ms)
    switch kind {
    case "deployments":
      switch try decoder.decode(WatchEvent<Deployment>.self, from: line) {
      case .added(let object), .modified(let object):
        item.event = .deployment(object)
        item.deployment = object
        item.specChangedAt = try specChange(in: line)
      case .deleted(let object): item.event = .deploymentGone(uid: object.metadata.uid)
      default: break
      }
    case "replicasets":
      switch try decoder.decode(WatchEvent<ReplicaSet>.self, from: line) {
      case .added(let object), .modified(let object): item.event = .replicaSet(object)
      case .deleted(let object): item.event = .replicaSetGone(uid: object.metadata.uid)
      default: break
      }
    case "pods":
      switch try decoder.decode(WatchEvent<Pod>.self, from: line) {
      case .added(let object), .modified(let object): item.event = .pod(object)
      case .deleted(let object): item.event = .podGone(uid: object.metadata.uid)
      default: break
      }
    default:
      switch try decoder.decode(WatchEvent<Event>.self, from: line) {
      case .added(let object), .modified(let object): item.event = .event(object)
      default: break
      }
    }
    return item
  }

  /// When, by the server's clock, somebody last changed the object other than through a subresource: what the `Date`
  /// header of that change's answer said, to the second.
  private static func specChange(in line: Data) throws -> Timestamp? {
    struct Line: Decodable {
      struct Object: Decodable { var metadata: Metadata }
      struct Metadata: Decodable { var managedFields: [Field] }
      struct Field: Decodable {
        var time: Timestamp?
        var subresource: String?
      }
      var object: Object
    }
    return try JSONDecoder().decode(Line.self, from: line).object.metadata.managedFields
      .filter { $0.subresource == nil }.compactMap(\.time).max()
  }
}
