/// How the schema of a database compares with the one that this build works with.
package enum SchemaStatus: Hashable, Sendable {
  /// It is the one.
  case current
  /// Nothing of ours is there.
  case missing
  /// Some migrations are still to be applied.
  case behind(applied: Int, pending: Int)
  /// It has a migration that this build does not know: a newer rollbackd was here.
  case newer(number: Int32, name: String)
  /// A migration was applied in another form than this build has it.
  case altered(number: Int32, name: String)

  /// What is wrong and what to do about it, in a sentence; nil when nothing is.
  package var problem: String? {
    switch self {
    case .current: nil
    case .missing: "the database has no rollbackd schema; run `rollbackd migrate`"
    case .behind(let applied, let pending):
      "the database's schema has \(applied) of \(applied + pending) migrations; run `rollbackd migrate`"
    case .newer(let number, let name):
      """
      the database's schema has migration \(number) (\(name)), which this rollbackd does not know: \
      a newer one migrated it; run that version, or a newer one
      """
    case .altered(let number, let name):
      """
      migration \(number) (\(name)) was applied to the database in another form than this rollbackd has it; \
      run the version of rollbackd that migrated it
      """
    }
  }

  /// Compares what a database records with what a build has, both in order of their numbers.
  init(recorded: [SchemaRecord], known: [SchemaMigration]) {
    for record in recorded {
      guard let migration = known.first(where: { $0.number == record.number }) else {
        self = .newer(number: record.number, name: record.name)
        return
      }
      guard migration.checksum == record.checksum else {
        self = .altered(number: record.number, name: record.name)
        return
      }
    }
    if recorded.count == known.count {
      self = .current
    } else if recorded.isEmpty {
      self = .missing
    } else {
      self = .behind(applied: recorded.count, pending: known.count - recorded.count)
    }
  }
}

/// One row of `paas_rollbackd_schema`.
struct SchemaRecord: Hashable, Sendable {
  let number: Int32
  let name: String
  let checksum: [UInt8]
}

/// A schema that is not to be touched.
package struct SchemaError: Error, Hashable, Sendable, CustomStringConvertible {
  package let status: SchemaStatus

  package var description: String { status.problem ?? "the schema is current" }
}
