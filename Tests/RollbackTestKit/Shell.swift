public import Foundation

/// Runs what only exists as a command.
public enum Shell {
  public struct Failed: Error {
    public let command: String
    public let output: String

    public init(command: String, output: String) {
      self.command = command
      self.output = output
    }
  }

  /// The standard output of a command that must succeed.
  ///
  /// Through files, not pipes: a child that another test starts meanwhile would inherit a pipe and keep it open.
  @discardableResult
  public static func run(_ command: String, in directory: URL? = nil) async throws -> [UInt8] {
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
public final class TemporaryFolder: Sendable {
  public let url: URL

  public init(_ name: String) throws {
    url = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }
}
