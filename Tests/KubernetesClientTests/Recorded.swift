import Foundation

/// Recorded traffic of a real API server, which lies beside the tests of other targets.
enum Recorded {
  struct Exchange: Decodable, Sendable {
    struct Request: Decodable, Sendable {
      var method: String
      var path: String
    }

    var `case`: String
    var request: Request
    var status: Int
    var responseHeaders: [String: String]
    var responseBody: String

    enum CodingKeys: String, CodingKey {
      case `case`, request, status
      case responseHeaders = "response_headers"
      case responseBody = "response_body"
    }
  }

  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

  /// The exchanges of `g-…`, `h-…` or `h2-…`.
  static func exchanges(_ name: String) throws -> [Exchange] {
    let file = tests.appending(path: "KubernetesObjectsTests/Fixtures/\(name).jsonl")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try JSONDecoder().decode(Exchange.self, from: Data($0.utf8))
    }
  }

  /// The bytes of a recorded watch.
  static func watch(_ folder: String, _ kind: String) throws -> [UInt8] {
    Array(try Data(contentsOf: tests.appending(path: "RolloutCoreTests/Fixtures/\(folder)/\(kind).watch.jsonl")))
  }

  /// The lines of a recorded watch.
  static func lines(_ folder: String, _ kind: String) throws -> [String] {
    String(decoding: try watch(folder, kind), as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
