internal import CLibpq
public import FoundationEssentials

/// One row of a result, which it keeps alive. Columns are counted from 0.
public struct PostgresRow: Sendable {
  let result: PostgresResult
  let index: Int32

  /// Whether the column is SQL's null.
  public func isNull(_ column: Int) -> Bool {
    // PQgetisnull also answers 1, with a warning, for a column that does not exist.
    column < 0 || column >= result.columns || PQgetisnull(result.pointer, index, Int32(column)) == 1
  }

  /// The column's bytes in PostgreSQL's binary format, without a copy; nil for null. The memory is libpq's and lives as
  /// long as the result.
  public func withBytes<Value>(
    _ column: Int, _ body: (UnsafeRawBufferPointer?) throws -> Value
  ) rethrows -> Value {
    guard !isNull(column) else { return try body(nil) }
    let start = UnsafeRawPointer(PQgetvalue(result.pointer, index, Int32(column)))
    let count = Int(PQgetlength(result.pointer, index, Int32(column)))
    return try body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// The column as the type that is wanted; an optional one for a column that can be null.
  ///
  /// - Throws: ``PostgresError/Code/unexpectedValue`` for another type in the database, or null for a type that is not
  ///   optional.
  public func decode<Value: PostgresDecodable>(_ column: Int, as type: Value.Type = Value.self) throws -> Value {
    guard column >= 0, column < result.columns else {
      throw PostgresError(.unexpectedValue, "there is no column \(column)")
    }
    let oid = PQftype(result.pointer, Int32(column))
    let value = withBytes(column) { Value.decode($0, type: oid) }
    guard let value else {
      throw PostgresError(.unexpectedValue, "column \(column) of type \(oid) is not a \(Value.self)")
    }
    return value
  }

  public func bool(_ column: Int) throws -> Bool { try decode(column) }
  /// An `int2`, `int4` or `int8`.
  public func int(_ column: Int) throws -> Int { try decode(column) }
  /// Any text, also that of a `jsonb`.
  public func string(_ column: Int) throws -> String { try decode(column) }
  public func bytes(_ column: Int) throws -> [UInt8] { try decode(column) }
  public func uuid(_ column: Int) throws -> UUID { try decode(column) }
  public func timestamp(_ column: Int) throws -> PostgresTimestamp { try decode(column) }
}
