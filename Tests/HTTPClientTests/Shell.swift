import Foundation
import HTTPClient
import Testing

/// Runs what only exists as a command.
enum Shell {
  struct Failed: Error {
    let command: String
    let output: String
  }

  /// The standard output of a command that must succeed.
  ///
  /// Through files, not pipes: a child that another test starts meanwhile would inherit a pipe and keep it open.
  @discardableResult
  static func run(_ command: String, in directory: URL? = nil) async throws -> [UInt8] {
    let folder = try TemporaryFolder("shell")
    let output = folder.url.appending(path: "output")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-ec", "exec > \(output.path) 2> \(output.path).errors\n" + command]
    process.currentDirectoryURL = directory
    let status: Int32 = try await withCheckedThrowingContinuation { continuation in
      process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
      do {
        try process.run()
      } catch {
        continuation.resume(throwing: error)
      }
    }
    guard status == 0 else {
      let text = (try? String(contentsOfFile: output.path + ".errors", encoding: .utf8)) ?? ""
      throw Failed(command: command, output: text)
    }
    return Array(try Data(contentsOf: output))
  }
}

/// A folder that goes with its owner.
final class TemporaryFolder: Sendable {
  let url: URL

  init(_ name: String) throws {
    url = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }
}

/// The error of something that must fail; nil, and an issue, when it does not.
func failure<Value>(_ body: @Sendable () async throws -> Value) async -> HTTPClientError? {
  do {
    _ = try await body()
    Issue.record("did not fail")
    return nil
  } catch {
    return error as? HTTPClientError
  }
}
