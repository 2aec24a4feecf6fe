internal import Postgres
internal import RollbackMessages
internal import RollbackService

/// Runs a piece of work with the database and turns its errors into the service's.
func withDatabaseErrors<Result>(_ work: () async throws -> Result) async throws -> Result {
  do {
    return try await work()
  } catch let error as PostgresError {
    throw ServiceError(error)
  }
}

extension ServiceError {
  /// What a caller is told of a failure of the database. SQL and values stay in the log.
  init(_ error: PostgresError) {
    if let trouble = error.trouble {
      self.init(.unavailable, "\(trouble); try again", cause: error)
    } else if error.isUnavailability || error.code == .commitOutcomeUnknown {
      self.init(
        .unavailable, "PostgreSQL cannot be reached: \(Self.words(error)); try again", cause: error)
    } else if error.isRetryable {
      self.init(.unavailable, "PostgreSQL is busy with this app (\(error)); try again", cause: error)
    } else if error.sqlState == "42P01" || error.sqlState == "42703" {
      self.init(.internal, "the database's schema is not ours; run rollbackd migrate", cause: error)
    } else {
      self.init(.internal, "the database refused a statement (\(error)); the daemon's log has more", cause: error)
    }
  }

  /// What led to it in the end, on one line. The server's own words may quote values and are left out.
  private static func words(_ error: PostgresError) -> String {
    var error = error
    while let cause = error.cause as? PostgresError { error = cause }
    if error.code == .server { return "\(error)" }
    return error.message.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}

extension PostgresError {
  /// Whether the same may go well later without anybody changing the daemon or the schema.
  var isPassing: Bool { isUnavailability || isRetryable || code == .commitOutcomeUnknown || trouble != nil }

  /// What ails the database where it answers and cannot do its work at present, in words that help who has to put it
  /// right; nil for anything else. The classes are those of the manual's appendix "PostgreSQL Error Codes".
  fileprivate var trouble: String? {
    if code == .transactionRolledBack { return "PostgreSQL rolled the transaction back" }
    guard code == .server, let sqlState else { return nil }
    switch sqlState {
    case "53100": return "PostgreSQL's disk is full"
    case "53200": return "PostgreSQL is out of memory"
    case "53300": return "PostgreSQL has no connections left for us"
    case "57014": return "PostgreSQL ended a statement that took too long"
    case "57P01", "57P02": return "PostgreSQL is being shut down"
    case "57P03": return "PostgreSQL is starting or stopping"
    case "25P03": return "PostgreSQL ended a transaction that stood still for too long"
    case "25006": return "PostgreSQL takes no writes at present: it is a standby or set to read-only"
    default: return sqlState.hasPrefix("53") ? "PostgreSQL lacks resources (\(sqlState))" : nil
    }
  }
}
