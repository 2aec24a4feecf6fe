/// One step of the schema: what it is called and the SQL that takes a database from the step before to it.
///
/// A migration that has been released is never edited: its checksum is kept in every database that has it, and a
/// database whose record differs is refused. A change of the schema is a new migration at the end of ``all``.
package struct SchemaMigration: Sendable, Hashable {
  /// 1, 2, 3, …, without gaps.
  package let number: Int32

  /// A few words, kept in the database for whoever looks there.
  package let name: String

  /// One or more statements, run in one transaction.
  package let sql: String

  package init(number: Int32, name: String, sql: String) {
    self.number = number
    self.name = name
    self.sql = sql
  }

  /// SHA-256 of the SQL's UTF-8 bytes.
  package var checksum: [UInt8] {
    SHA256.digest(of: Array(sql.utf8))
  }

  /// The schema that this build of the daemon works with.
  package static let all: [SchemaMigration] = [.deployments, .auditChain, .operationControl, .targets, .auditReading]
}
