public import Foundation

/// A program that runs beside this one and ends with it, however this one ends.
///
/// Between them stands a shell that waits for the end of a pipe: when this process closes its end, or dies, the shell
/// sends SIGTERM, and SIGKILL to what is still there ten seconds later.
public final class SupervisedProcess: Sendable {
  private static let script = """
    exec 3<&0
    "$@" 3<&- </dev/null &
    child=$!
    (
      cat <&3 >/dev/null
      kill -TERM "$child" 2>/dev/null
      n=0
      while [ $n -lt 100 ] && kill -0 "$child" 2>/dev/null; do sleep 0.1; n=$((n + 1)); done
      kill -KILL "$child" 2>/dev/null
    ) &
    wait "$child"
    """

  private let process: Process
  private let input: FileHandle

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - environment: added to ours.
  ///   - log: where its standard output and error go.
  public init(_ program: String, _ arguments: [String], environment: [String: String], log: FileHandle) throws {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", Self.script, "supervisor", program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    process.standardInput = pipe
    process.standardOutput = log
    process.standardError = log
    _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    try process.runUnblocked()
    self.process = process
    input = pipe.fileHandleForWriting
  }

  /// Whether it has not ended by itself.
  public var isRunning: Bool { process.isRunning }

  /// Ends it and waits for that; at most ten seconds. Blocks.
  public func stop() {
    // Closing twice is harmless; what counts is that the pipe is closed.
    try? input.close()
    process.waitUntilExit()
  }

  /// Runs a program to its end. Blocks.
  ///
  /// - Parameter output: where its standard output goes; nil: where ours goes.
  /// - Returns: its exit status.
  public static func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], output: Pipe? = nil
  ) throws -> Int32 {
    let process = Process()
    if let output { process.standardOutput = output }
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
    try process.runUnblocked()
    process.waitUntilExit()
    return process.terminationStatus
  }
}
