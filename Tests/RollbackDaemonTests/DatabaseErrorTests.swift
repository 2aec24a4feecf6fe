import RollbackMessages
import RollbackService
import Testing

@testable import Postgres
@testable import RollbackDaemon

@Suite struct DatabaseErrorTests {
  private func error(_ state: String) -> PostgresError {
    // Those of connections quote no values.
    var error = PostgresError(.server, state.hasPrefix("08") ? "the server closed" : "key (secret)=(s3cret)")
    error.sqlState = state
    return error
  }

  @Test(arguments: [
    ("53100", "PostgreSQL's disk is full"), ("53200", "out of memory"), ("53300", "no connections left"),
    ("53400", "lacks resources"), ("57014", "took too long"), ("57P01", "shut down"), ("57P03", "starting or stopping"),
    ("25P03", "stood still"), ("25006", "takes no writes"), ("40001", "busy with this app"),
    ("40P01", "busy with this app"), ("55P03", "busy with this app"), ("08006", "cannot be reached"),
  ])
  func `what passes by itself is unavailable, and says what it is`(state: String, words: String) {
    let told = ServiceError(error(state))
    #expect(told.reason == .unavailable)
    #expect(told.message.contains(words) && told.message.hasSuffix("; try again"), "\(told.message)")
    #expect(!told.message.contains("s3cret") && told.message.contains("busy") == (words.contains("busy")))
    #expect(error(state).isPassing)
  }

  @Test func `a transaction that was rolled back is unavailable`() {
    #expect(ServiceError(PostgresError(.transactionRolledBack, "x")).reason == .unavailable)
  }

  @Test(arguments: ["42P01", "42703", "42501", "22P02", "23505", "XX000"])
  func `what stays wrong is internal`(state: String) {
    #expect(ServiceError(error(state)).reason == .internal)
    #expect(!error(state).isPassing)
  }
}
