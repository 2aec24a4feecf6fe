import DevServices
import Foundation
import Testing

/// The program as systemd starts and stops it, without a cluster.
@Suite(.timeLimit(.minutes(2))) struct ProgramTests {
  /// A daemon that was started, in a folder of its own.
  private struct Started {
    let process: Process
    /// What it says on stderr.
    let said: FileHandle

    /// Reads until these words were said; what was said, to there at least.
    func wait(for words: String) -> String {
      var text = ""
      while !text.contains(words) {
        let more = said.availableData
        // It has ended.
        if more.isEmpty { break }
        text += String(decoding: more, as: UTF8.self)
      }
      return text
    }

    /// Waits for its end; the rest of what it said.
    func end() -> String {
      let rest = String(decoding: said.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      return rest
    }
  }

  /// - Parameters:
  ///   - databaseURL: in the environment, where a password may be.
  ///   - descriptors: the hard limit that it is started with.
  private static func start(
    in directory: URL, _ arguments: [String], readyAt ready: String = "", databaseURL: String? = nil,
    descriptors: Int? = nil
  ) throws -> Started {
    let kubeconfig = directory.appendingPathComponent("kubeconfig")
    try Data(
      """
      {"apiVersion": "v1", "kind": "Config", "current-context": "c",
       "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
       "users": [{"name": "u", "user": {"token": "t"}}],
       "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}]}
      """.utf8
    ).write(to: kubeconfig)
    let said = Pipe()
    let daemon = Process()
    let command =
      [try program().path, "serve", "--socket", directory.appendingPathComponent("sock").path]
      + ["--kubeconfig", kubeconfig.path] + arguments
    let limit = descriptors.map { "ulimit -n \($0) && " } ?? ""
    daemon.executableURL = URL(fileURLWithPath: "/bin/sh")
    daemon.arguments = ["-c", limit + "exec \"$@\"", "sh"] + command
    daemon.environment = ["NOTIFY_SOCKET": ready, "ROLLBACKD_ENVIRONMENT_FILE": "/dev/null"]
    // At an end by exit() what still lives hangs on encoded pointers, which the leak sanitizer takes for lost.
    daemon.environment?["ASAN_OPTIONS"] = ProcessInfo.processInfo.environment["ASAN_OPTIONS"]
    if let databaseURL { daemon.environment?["ROLLBACKD_DATABASE_URL"] = databaseURL }
    daemon.standardError = said
    try daemon.run()
    return Started(process: daemon, said: said.fileHandleForReading)
  }

  private static func withDirectory(_ body: (URL) async throws -> Void) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rollbackd-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try await body(directory)
  }

  /// Built beside the tests.
  private static func program() throws -> URL {
    let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("rollbackd")
  }

  /// An `async` main would leave the main thread with no signal blocked: SIGTERM then ends the process without a drain.
  @Test(arguments: [SIGTERM, SIGINT])
  func `the first signal to stop reaches the daemon, which ends with 0`(signal: Int32) async throws {
    try await Self.withDirectory { directory in
      let ready = try ReadinessSocket(path: directory.appendingPathComponent("ready").path)
      let daemon = try Self.start(
        in: directory, ["--database-url", "host=\(directory.path)", "--start-grace", "0s"], readyAt: ready.path)
      let isReady = ready.wait(atMost: 60)
      #expect(isReady)
      kill(daemon.process.processIdentifier, signal)
      let log = daemon.end()
      #expect(daemon.process.terminationReason == .exit)
      // A sanitizer ends it with another, and says why in the log.
      #expect(daemon.process.terminationStatus == 0, "\(log)")
      #expect(log.contains("stopping"))
    }
  }

  @Test(arguments: ["postgresql://rollbackd:50%off@db/x", "host=/nowhere sslmode=50%off"])
  func `a database URL that makes no sense ends the daemon with 78 and its text is nowhere`(url: String) async throws {
    try await Self.withDirectory { directory in
      let daemon = try Self.start(in: directory, ["--start-grace", "30s"], databaseURL: url)
      let log = daemon.end()
      #expect(daemon.process.terminationStatus == 78)
      #expect(log.contains("libpq makes no sense of the connection string"), "\(log)")
      #expect(!log.contains("50%off"), "\(log)")
    }
  }

  @Test func `more clients than there are descriptors for are refused at the start`() async throws {
    try await Self.withDirectory { directory in
      let daemon = try Self.start(
        in: directory, ["--database-url", "host=\(directory.path)", "--max-connections", "1000"], descriptors: 1024)
      let log = daemon.end()
      #expect(daemon.process.terminationStatus == 78)
      #expect(log.contains("--max-connections 1000 needs 1264 descriptors and this process may have 1024"), "\(log)")
    }
  }

  @Test func `SIGTERM is heard while the database is waited for`() async throws {
    try await Self.withDirectory { directory in
      let daemon = try Self.start(in: directory, ["--database-url", "host=\(directory.path)", "--start-grace", "1h"])
      #expect(daemon.wait(for: "waiting for PostgreSQL").contains("waiting for PostgreSQL"))
      kill(daemon.process.processIdentifier, SIGTERM)
      _ = daemon.end()
      #expect(daemon.process.terminationReason == .exit)
      #expect(daemon.process.terminationStatus == 0)
    }
  }

  @Test func `a database that comes back without our schema ends the daemon that began without it`() async throws {
    let server = try await ThrowawayPostgres.shared()
    let name = "late_\(UInt32.random(in: 0 ... .max))"
    try await Self.withDirectory { directory in
      let daemon = try Self.start(
        in: directory, ["--database-url", server.conninfo(database: name), "--start-grace", "0s"])
      #expect(daemon.wait(for: "serving without the database").contains("does not exist"))
      try await server.psql("CREATE DATABASE \(name) TEMPLATE template0", database: "postgres")
      let log = daemon.end()
      #expect(daemon.process.terminationStatus == 78)
      #expect(log.contains("the database has no rollbackd schema; run `rollbackd migrate`"), "\(log)")
    }
  }
}
