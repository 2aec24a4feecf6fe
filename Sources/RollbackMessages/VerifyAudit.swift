public import CRollbackProto
public import ProtobufC

/// Asks to recompute the audit trail's hash chain.
public struct VerifyAuditRequest: Hashable, Sendable {
  /// The hash that the newest row must have, in hexadecimal; empty: any.
  public var expectHead: String

  public init(expectHead: String = "") {
    self.expectHead = expectHead
  }
}

extension VerifyAuditRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__verify_audit_request__init)

  public init(reading fields: Rollback__V1__VerifyAuditRequest, with reader: ProtobufReader) throws(ProtobufError) {
    expectHead = reader.string(fields.expect_head)
  }

  public func write(into fields: inout Rollback__V1__VerifyAuditRequest, with writer: ProtobufWriter) {
    fields.expect_head = writer.string(expectHead)
  }
}

/// What became of the hash chain.
public struct VerifyAuditResponse: Hashable, Sendable {
  public var intact: Bool
  /// Rows of the chain that were checked, and rows older than the chain.
  public var rows: UInt64
  public var unchainedRows: UInt64
  /// The newest row.
  public var headID: Int64
  public var headHash: [UInt8]
  /// The first row that is wrong; 0 when intact, or when only the head is not the expected one.
  public var firstBadID: Int64
  /// What is wrong, in one sentence.
  public var problem: String

  public init(
    intact: Bool = false, rows: UInt64 = 0, unchainedRows: UInt64 = 0, headID: Int64 = 0, headHash: [UInt8] = [],
    firstBadID: Int64 = 0, problem: String = ""
  ) {
    self.intact = intact
    self.rows = rows
    self.unchainedRows = unchainedRows
    self.headID = headID
    self.headHash = headHash
    self.firstBadID = firstBadID
    self.problem = problem
  }
}

extension VerifyAuditResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__verify_audit_response__init)

  public init(reading fields: Rollback__V1__VerifyAuditResponse, with reader: ProtobufReader) throws(ProtobufError) {
    intact = reader.bool(fields.intact)
    rows = fields.rows
    unchainedRows = fields.unchained_rows
    headID = fields.head_id
    headHash = reader.bytes(fields.head_hash)
    firstBadID = fields.first_bad_id
    problem = reader.string(fields.problem)
  }

  public func write(into fields: inout Rollback__V1__VerifyAuditResponse, with writer: ProtobufWriter) {
    fields.intact = writer.bool(intact)
    fields.rows = rows
    fields.unchained_rows = unchainedRows
    fields.head_id = headID
    fields.head_hash = writer.bytes(headHash)
    fields.first_bad_id = firstBadID
    fields.problem = writer.string(problem)
  }
}
