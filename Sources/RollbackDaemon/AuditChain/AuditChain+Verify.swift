package import Postgres

extension AuditChain {
  /// Recomputes the chain from its beginning. The rows are read one after the other as they come, at one moment of the
  /// database, in constant memory; the hashing is done here and nothing of it in the database.
  ///
  /// - Parameter expectedHead: a hash that the chain once ended with, kept outside the database; it must occur.
  package static func verify(_ client: PostgresClient, expectedHead: [UInt8]? = nil) async throws -> Report {
    try await client.withTransaction(.readOnly) { transaction in
      // However many rows there are.
      try await transaction.query("SET LOCAL statement_timeout = 0")
      return try await transaction.withRows(
        """
        SELECT id::bigint, created_at, actor_id::text, action::text, target_id::text, details_jsonb, prev_hash, hash
        FROM paas_audit_events ORDER BY id
        """
      ) { rows in
        var verifier = AuditChainVerifier(expectedHead: expectedHead)
        reading: while let batch = try await rows.nextBatch() {
          for row in batch where try !check(row, &verifier) { break reading }
        }
        return verifier.finish()
      }
    }
  }

  private static func check(_ row: PostgresRow, _ verifier: inout AuditChainVerifier) throws -> Bool {
    let (id, createdAt) = (try row.decode(0, as: Int64.self), try row.timestamp(1))
    // The memory is the row's, which outlives the call.
    func bytes(_ column: Int) -> UnsafeRawBufferPointer? { row.withBytes(column) { $0 } }
    defer { withExtendedLifetime(row) {} }
    return verifier.check(
      AuditChainVerifier.Row(
        id: id, createdAt: createdAt.microsecondsSince2000, actorID: bytes(2), action: bytes(3), targetID: bytes(4),
        details: bytes(5).map { UnsafeRawBufferPointer(rebasing: $0.dropFirst()) }, previousHash: bytes(6),
        hash: bytes(7)))
  }
}
