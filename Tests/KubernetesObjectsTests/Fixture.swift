import Foundation

/// Recorded traffic of a real API server: the HTTP exchanges beside these tests, the watches beside RolloutCoreTests.
enum Fixture {
  static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  static let watches = tests.appending(path: "RolloutCoreTests/Fixtures")

  /// The lines of every recorded watch of that kind (`deployments`, `replicasets`, `pods`, `events`).
  static func watchLines(_ kind: String) throws -> [(file: String, line: Data)] {
    try FileManager.default.contentsOfDirectory(atPath: watches.path).sorted().flatMap { folder in
      let file = watches.appending(path: "\(folder)/\(kind).watch.jsonl")
      guard FileManager.default.fileExists(atPath: file.path) else { return [(String, Data)]() }
      return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").enumerated().map {
        ("\(folder)/\(kind):\($0.offset)", Data($0.element.utf8))
      }
    }
  }

  /// One recorded HTTP exchange.
  struct Exchange: Decodable {
    struct Request: Decodable {
      var method: String
      var path: String
    }

    var `case`: String
    var request: Request
    var status: Int
    var responseBody: String

    enum CodingKeys: String, CodingKey {
      case `case`, request, status
      case responseBody = "response_body"
    }
  }

  static func exchanges(_ file: String) throws -> [Exchange] {
    let file = tests.appending(path: "KubernetesObjectsTests/Fixtures/\(file)")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try JSONDecoder().decode(Exchange.self, from: Data($0.utf8))
    }
  }
}
