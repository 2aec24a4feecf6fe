internal import Glibc
internal import LinuxIO
internal import Postgres

/// `rollbackd` as a program: what it was asked to do, done, and an exit status of sysexits.h.
public enum Program {
  /// Released versions are tagged.
  package static let version = "0.1.0"

  /// Keeps the signals for the loop that hears them. Must be the first thing in `main`, before any other thread exists:
  /// each takes over what is blocked in the one that made it.
  public static func blockSignals() {
    SignalSource.block([SIGTERM, SIGINT, SIGHUP])
    SignalSource.ignoreBrokenPipes()
  }

  /// Runs to the end of the program, after ``blockSignals()``.
  ///
  /// - Parameter arguments: without the program's name.
  /// - Returns: 0, `EX_USAGE` (64), `EX_UNAVAILABLE` (69), `EX_SOFTWARE` (70), `EX_CONFIG` (78).
  public static func run(arguments: [String]) async -> Int32 {
    do throws(any Error) {
      switch try Invocation(arguments: arguments) {
      case .help: return say(HelpText.render())
      case .version: return say("rollbackd \(version)\n")
      case .migrate(let rest): return try await MigrateCommand(values: settings(rest)).run()
      case .serve(let rest): return try await Daemon(DaemonConfiguration(settings(rest))).serve()
      }
    } catch let error as ConfigurationError {
      return fail("\(error)", 78)
    } catch let error as DaemonStartError {
      return fail(error.description, error.exitCode)
    } catch let error as PostgresError where error.isOfConfiguration {
      return fail("the database's configuration: \(error)", 78)
    } catch {
      return fail("\(error)", 70)
    }
  }

  /// Merges command line, credentials, environment and environment file.
  private static func settings(_ arguments: [String]) throws(ConfigurationError) -> SettingValues {
    let path = variable("ROLLBACKD_ENVIRONMENT_FILE")
    let file = path ?? "/etc/rollbackd/rollbackd.env"
    if let text = try contents(of: file, isRequired: path != nil) {
      for (name, value) in try EnvironmentFile.parse(text, path: file) {
        // Weaker than the environment; libpq and the kubeconfig rules read theirs from it too.
        setenv(name, value, 0)
      }
    }
    var environment: [String: String] = [:]
    var credentials: [String: String] = [:]
    for setting in Setting.all { environment[setting.environmentName] = variable(setting.environmentName) }
    if let directory = variable("CREDENTIALS_DIRECTORY") {
      for setting in Setting.all {
        guard let text = try contents(of: "\(directory)/\(setting.name)", isRequired: false) else { continue }
        credentials[setting.name] = text.hasSuffix("\n") ? String(text.dropLast()) : text
      }
    }
    return try SettingValues(arguments: arguments, environment: environment, credentials: credentials)
  }

  /// The whole environment, after the environment file.
  static func environment() -> [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let pointer = entry.pointee {
      let text = String(cString: pointer)
      if let equals = text.firstIndex(of: "=") {
        result[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      entry += 1
    }
    return result
  }

  static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
  }

  private static func contents(of path: String, isRequired: Bool) throws(ConfigurationError) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if !isRequired, errno == ENOENT || errno == EACCES || errno == ENOTDIR { return nil }
      throw ConfigurationError("\(path): \(String(cString: strerror(errno)))")
    }
    let file = FileDescriptor(adopting: descriptor)
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = read(file.rawValue, &bytes, bytes.count)
    guard count >= 0 else { throw ConfigurationError("\(path): \(String(cString: strerror(errno)))") }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  static func say(_ text: String) -> Int32 {
    write(text, to: STDOUT_FILENO)
    return 0
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    // A reader that is stuck must not keep the program from ending.
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard poll(&entry, 1, 1000) != 0 else { return }
    // Where nobody reads, nobody misses it.
    text.withUTF8 { _ = Glibc.write(descriptor, $0.baseAddress, $0.count) }
  }

  private static func fail(_ message: String, _ status: Int32) -> Int32 {
    // The journal's prefix for errors (sd-daemon(3)) would disturb a person at a terminal.
    write("rollbackd: \(message)\n", to: STDERR_FILENO)
    return status
  }
}
