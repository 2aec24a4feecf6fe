internal import CLibpq

/// What went wrong, with the server's own code for it.
///
/// `description` is safe to log: it has no SQL, no bind value and no row. The server's words, which may quote such, are
/// in ``message``, ``detail`` and `debugDescription`.
public struct PostgresError: Error, Sendable {
  public enum Code: String, Sendable, Hashable {
    /// The server refused a statement; ``PostgresError/sqlState`` says why.
    case server
    /// The connection string, or the pool's configuration, makes no sense. The message never quotes the string, which
    /// may hold a password.
    case invalidConfiguration
    /// No connection could be opened.
    case connectionFailed
    /// The connection ended before the answer. A statement outside a transaction may or may not have taken effect.
    case connectionLost
    /// COMMIT was sent and its answer never came: the transaction took effect whole, or not at all.
    case commitOutcomeUnknown
    /// COMMIT was answered by a rollback, because a statement had failed before.
    case transactionRolledBack
    /// No connection became free in time.
    case acquireTimeout
    /// The server cannot be reached at present; nothing was sent.
    case unavailable
    /// Too many callers wait for a connection; nothing was sent.
    case queueFull
    /// The client is shutting down; nothing was sent.
    case shuttingDown
    /// A column holds something else than was asked for.
    case unexpectedValue
    /// The server, or libpq, did what the protocol does not allow.
    case protocolViolation
  }

  public let code: Code

  /// The server's five-character code; nil when it did not answer.
  public internal(set) var sqlState: String?

  /// `ERROR`, `FATAL` or `PANIC`, never translated.
  public internal(set) var severity: String?

  /// The server's or libpq's words. They may quote values.
  public internal(set) var message: String

  public internal(set) var detail: String?
  public internal(set) var hint: String?
  public internal(set) var table: String?
  public internal(set) var constraint: String?

  /// What led to it, where something did.
  public internal(set) var cause: (any Error)?

  init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// Whether the same may work when it is tried again. For ``Code/connectionLost`` that is only right for what may
  /// happen twice.
  public var isRetryable: Bool {
    if isOfConfiguration { return false }
    return switch code {
    case .connectionFailed, .connectionLost, .acquireTimeout, .unavailable, .queueFull: true
    case .server: sqlState.map(Self.isRetryable) ?? false
    case .invalidConfiguration, .commitOutcomeUnknown, .transactionRolledBack, .shuttingDown, .unexpectedValue,
      .protocolViolation:
      false
    }
  }

  /// Whether the configuration has to be put right first: no attempt can succeed before.
  public var isOfConfiguration: Bool {
    code == .invalidConfiguration || (cause as? PostgresError)?.isOfConfiguration == true
  }

  /// Whether it says that nothing can be had from the database at present, whatever is asked.
  public var isUnavailability: Bool {
    if isOfConfiguration { return false }
    return switch code {
    case .connectionFailed, .connectionLost, .acquireTimeout, .unavailable, .queueFull, .shuttingDown: true
    case .server: ["57P01", "57P02", "57P03", "53300"].contains(sqlState) || sqlState?.hasPrefix("08") == true
    default: false
    }
  }

  /// Serialization failure, deadlock, lock timeout, the server's shutdown and start, too many connections, a failed
  /// connection, and a session on a server that has become read-only.
  private static func isRetryable(_ state: String) -> Bool {
    ["40001", "40P01", "55P03", "57P01", "57P02", "57P03", "53300", "25006"].contains(state) || state.hasPrefix("08")
  }

  /// Whether a session on which it happened is of no further use.
  var endsSession: Bool {
    severity == "FATAL" || severity == "PANIC" || sqlState == "25006" || code == .connectionLost
  }
}

extension PostgresError: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String {
    var text = code.rawValue
    if let sqlState { text += " \(sqlState)" }
    if let table { text += " on \(table)" }
    if let constraint { text += " (\(constraint))" }
    if isUnquoting { text += ": \(message)" }
    if let cause = cause as? PostgresError { text += ", because: \(cause)" }
    return text
  }

  public var debugDescription: String {
    ([description, severity, message, detail, hint] as [String?]).compactMap { $0 }.joined(separator: "; ")
  }

  /// Whether the message is of a kind that quotes neither SQL nor values.
  private var isUnquoting: Bool {
    guard code == .server else { return true }
    // Connections, authorization at connect, resources, operator intervention, no such database.
    return ["08", "28", "53", "57", "3D"].contains(sqlState.map { String($0.prefix(2)) })
  }
}

extension PostgresError {
  /// In words of ours: libpq's quote the part that it stumbles over, which may be the password.
  static var connectionStringMakesNoSense: PostgresError {
    PostgresError(
      .invalidConfiguration,
      """
      libpq makes no sense of the connection string (in a URL, every special character of user and password must be \
      percent-encoded); psql with the same string says where
      """)
  }

  /// The error in a result of status `PGRES_FATAL_ERROR`, which stays the caller's.
  init(result: OpaquePointer) {
    // PQresultErrorField: NULL when there is no such field; the memory belongs to the result.
    func field(_ code: Character) -> String? {
      guard let scalar = code.asciiValue, let text = PQresultErrorField(result, Int32(scalar)) else { return nil }
      return String(cString: text)
    }
    let state = field("C")
    // libpq makes such a result itself, without a code, when the connection ends.
    self.init(state == nil ? .connectionLost : .server, field("M") ?? Self.trimmed(PQresultErrorMessage(result)))
    sqlState = state
    severity = field("V") ?? field("S")
    detail = field("D")
    hint = field("H")
    table = field("t")
    constraint = field("n")
  }

  /// What libpq says of a connection, without its line ends.
  static func trimmed(_ text: UnsafePointer<CChar>?) -> String {
    guard let text else { return "" }
    return String(cString: text).split(whereSeparator: \.isNewline).joined(separator: "; ")
  }
}
