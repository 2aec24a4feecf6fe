import DevServices
import Foundation
import Testing

/// The program as systemd starts and stops it, without a database or a cluster.
@Suite struct ProgramTests {
  /// An `async` main would leave the main thread with no signal blocked: SIGTERM then ends the process without a drain.
  @Test(.timeLimit(.minutes(2)), arguments: [SIGTERM, SIGINT])
  func `the first signal to stop reaches the daemon, which ends with 0`(signal: Int32) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rollbackd-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let kubeconfig = try Self.kubeconfig(in: directory)
    let ready = try ReadinessSocket(path: directory.appendingPathComponent("ready").path)
    let said = Pipe()
    let daemon = Process()
    daemon.executableURL = try Self.program()
    daemon.arguments = [
      "serve", "--socket", directory.appendingPathComponent("sock").path, "--kubeconfig", kubeconfig.path,
      "--database-url", "host=\(directory.path)", "--start-grace", "0s",
    ]
    daemon.environment = ["NOTIFY_SOCKET": ready.path, "ROLLBACKD_ENVIRONMENT_FILE": "/dev/null"]
    daemon.standardError = said
    try daemon.run()
    let isReady = ready.wait(atMost: 60)
    #expect(isReady)
    kill(daemon.processIdentifier, signal)
    let log = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    daemon.waitUntilExit()
    #expect(daemon.terminationReason == .exit)
    #expect(daemon.terminationStatus == 0)
    #expect(log.contains("stopping"))
  }

  @Test(
    .timeLimit(.minutes(2)),
    arguments: ["postgresql://rollbackd:50%off@db/x", "host=/nowhere sslmode=50%off"])
  func `a database URL that makes no sense ends the daemon with 78 and its text is nowhere`(url: String) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rollbackd-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let said = Pipe()
    let daemon = Process()
    daemon.executableURL = try Self.program()
    daemon.arguments = [
      "serve", "--socket", directory.appendingPathComponent("sock").path,
      "--kubeconfig", try Self.kubeconfig(in: directory).path, "--database-url", url, "--start-grace", "30s",
    ]
    daemon.environment = ["ROLLBACKD_ENVIRONMENT_FILE": "/dev/null"]
    daemon.standardError = said
    try daemon.run()
    let log = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    daemon.waitUntilExit()
    #expect(daemon.terminationStatus == 78)
    #expect(log.contains("the database's configuration"), "\(log)")
    #expect(!log.contains("50%off"), "\(log)")
  }

  @Test(.timeLimit(.minutes(2)))
  func `more clients than there are descriptors for are refused at the start`() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rollbackd-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let said = Pipe()
    let daemon = Process()
    daemon.executableURL = URL(fileURLWithPath: "/bin/sh")
    daemon.arguments = [
      "-c", "ulimit -n 1024 && exec \"$@\"", "sh", try Self.program().path, "serve",
      "--socket", directory.appendingPathComponent("sock").path,
      "--kubeconfig", try Self.kubeconfig(in: directory).path, "--database-url", "host=\(directory.path)",
      "--max-connections", "1000",
    ]
    daemon.environment = ["ROLLBACKD_ENVIRONMENT_FILE": "/dev/null"]
    daemon.standardError = said
    try daemon.run()
    let log = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    daemon.waitUntilExit()
    #expect(daemon.terminationStatus == 78)
    #expect(log.contains("--max-connections 1000 needs 1200 descriptors and this process may have 1024"), "\(log)")
  }

  /// One whose cluster is not there.
  private static func kubeconfig(in directory: URL) throws -> URL {
    let file = directory.appendingPathComponent("kubeconfig")
    try Data(
      """
      {"apiVersion": "v1", "kind": "Config", "current-context": "c",
       "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
       "users": [{"name": "u", "user": {"token": "t"}}],
       "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}
      """.utf8
    ).write(to: file)
    return file
  }

  /// Built beside the tests.
  private static func program() throws -> URL {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("rollbackd")
  }
}
