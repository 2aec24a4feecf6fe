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
    if error.isUnavailability || error.code == .commitOutcomeUnknown {
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
