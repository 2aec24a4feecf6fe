internal import CLibpq

/// The answer to one statement. Its rows are read straight from libpq's memory, which lives as long as this does.
///
/// `@unchecked Sendable`: a `PGresult` is never changed after libpq has handed it out, and libpq's manual (section
/// "Behavior in Threaded Programs") allows any thread to read it; the last reference frees it.
public final class PostgresResult: @unchecked Sendable {
  let pointer: OpaquePointer

  /// How many rows it has.
  public let count: Int
  let columns: Int32

  /// Takes over a result that PQgetResult returned; PQclear frees it, once.
  init(adopting pointer: OpaquePointer) {
    self.pointer = pointer
    count = Int(PQntuples(pointer))
    columns = PQnfields(pointer)
  }

  deinit { PQclear(pointer) }

  /// How many rows the statement inserted, updated, deleted or selected.
  public var affectedRows: Int {
    // PQcmdTuples: "" for statements of another kind; the memory belongs to the result.
    Int(String(cString: PQcmdTuples(pointer))) ?? 0
  }

  /// The server's tag, such as `INSERT 0 1`.
  public var commandTag: String { String(cString: PQcmdStatus(pointer)) }

  /// The first row, if there is one.
  public var first: PostgresRow? { isEmpty ? nil : self[0] }
}

extension PostgresResult: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  public subscript(index: Int) -> PostgresRow {
    precondition(index >= 0 && index < count, "row \(index) of \(count)")
    return PostgresRow(result: self, index: Int32(index))
  }
}
