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
  @discardableResult
  static func run(_ command: String, in directory: URL? = nil) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-ec", command]
    process.currentDirectoryURL = directory
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let bytes = Array(output.fileHandleForReading.readDataToEndOfFile())
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      throw Failed(command: command, output: text)
    }
    return bytes
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
