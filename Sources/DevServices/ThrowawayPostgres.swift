internal import Foundation
internal import Locking

/// A private PostgreSQL server, for tests and for trying out: its own cluster in a temporary folder, reached by a Unix socket only.
///
/// It is stopped and its folder removed when the last reference goes, and also when the test process dies, however it
/// dies: a shell that waits for the end of a pipe sees to it.
public final class ThrowawayPostgres: Sendable {
  /// One database of the server.
  public struct Database: Sendable {
    public let name: String
    /// For libpq.
    public let conninfo: String
    public let server: ThrowawayPostgres

    /// Runs statements by psql as a superuser, as any other client of the database would.
    ///
    /// - Returns: the rows, unaligned, a line each.
    /// - Throws: ``CommandFailure`` with what psql said when a statement fails.
    @discardableResult
    public func psql(_ sql: String) async throws -> String { try await server.psql(sql, database: name) }
  }

  /// A command that did not end with 0.
  public struct CommandFailure: Error, CustomStringConvertible {
    public let description: String
  }

  public enum StopMode: String, Sendable { case smart, fast, immediate }

  private static let theOne = Locked<ThrowawayPostgres?>(nil)

  /// Where the server's socket is.
  public let directory: String
  private let bin: String
  private let supervisor: Supervisor
  private let count = Locked(0)

  /// The server that all tests of the process share; made when it is first asked for.
  public static func shared() async throws -> ThrowawayPostgres {
    try await offThePool {
      try theOne.withLock { one in
        if let one { return one }
        let server = try ThrowawayPostgres(settings: [])
        one = server
        return server
      }
    }
  }

  /// A server of its own, for tests that stop it; half a second.
  ///
  /// - Parameter settings: lines for `postgresql.conf`.
  public static func own(settings: [String] = []) async throws -> ThrowawayPostgres {
    try await offThePool { try ThrowawayPostgres(settings: settings) }
  }

  /// Runs what blocks on a thread of its own: tests share few, and must not keep each other waiting.
  private static func offThePool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value
  {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result(catching: work)) }
    }
  }

  private init(settings: [String]) throws {
    bin = try Self.findPrograms()
    var template = Array("/tmp/rollback-pg-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CommandFailure(description: "mkdtemp failed: \(errno)") }
    directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    var account: String?
    if geteuid() == 0 {
      // initdb refuses to run as root.
      account = "postgres"
      guard let entry = getpwnam("postgres") else { throw CommandFailure(description: "there is no user postgres") }
      chown(directory, entry.pointee.pw_uid, entry.pointee.pw_gid)
    }
    supervisor = try Supervisor(directory: directory, bin: bin, account: account)
    let lines =
      ["listen_addresses = ''", "unix_socket_directories = '\(directory)'", "fsync = off", "shared_buffers = 16MB"]
      + ["max_connections = 100", "log_line_prefix = '%m [%p] %a '"] + settings
    try supervisor.ask("init")
    try supervisor.ask("configure " + lines.joined(separator: "|"))
    try supervisor.ask("start")
  }

  /// A new database, empty or a copy of one that nobody is connected to.
  public func makeDatabase(copying template: String = "template0") async throws -> Database {
    let number = count.withLock { count in
      count += 1
      return count
    }
    let name = "test_\(number)"
    try await psql("CREATE DATABASE \(name) TEMPLATE \(template)", database: "postgres")
    return Database(name: name, conninfo: conninfo(database: name), server: self)
  }

  public func conninfo(database: String) -> String {
    "host=\(directory) user=postgres dbname=\(database)"
  }

  public func stop(_ mode: StopMode = .fast) async throws {
    try await Self.offThePool { [supervisor] in try supervisor.ask("stop \(mode.rawValue)") }
  }

  public func start() async throws {
    try await Self.offThePool { [supervisor] in try supervisor.ask("start") }
  }

  /// Sends a signal to the server's first process and to those of its sessions: `STOP` freezes it, `CONT` goes on.
  public func signal(_ name: String) async throws {
    try await Self.offThePool { [supervisor] in try supervisor.ask("signal \(name)") }
  }

  @discardableResult
  public func psql(_ sql: String, database: String) async throws -> String {
    try await Self.offThePool { [self] in try runPsql(sql, database: database) }
  }

  private func runPsql(_ sql: String, database: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "\(bin)/psql")
    process.arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-", conninfo(database: database)]
    // Files, not pipes: of two pipes that are read one after the other the second may fill, and psql would wait for ever.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("psql-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (output, errors) = (folder.appendingPathComponent("output"), folder.appendingPathComponent("errors"))
    for file in [output, errors] { try Data().write(to: file) }
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    input.fileHandleForWriting.write(Data((sql + "\n").utf8))
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandFailure(description: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }
    return String(decoding: try Data(contentsOf: output), as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  /// Where initdb, pg_ctl and psql are: the newest version's folder in Debian's layout, else where psql is found.
  private static func findPrograms() throws -> String {
    let base = "/usr/lib/postgresql"
    let versions = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    let newest = versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) }
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = [newest.map { "\(base)/\($0)/bin" }].compactMap { $0 } + path.split(separator: ":").map(String.init)
    guard let found = folders.first(where: { FileManager.default.isExecutableFile(atPath: "\($0)/initdb") }) else {
      throw CommandFailure(description: "no PostgreSQL server is installed (initdb not found)")
    }
    return found
  }
}
