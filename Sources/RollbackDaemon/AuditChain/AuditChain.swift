/// The hash chain over `paas_audit_events`, recomputed outside the database.
///
/// The trigger `paas_audit_chain` sets `hash` of each row to SHA-256 of these bytes, one after the other:
///
/// | bytes | what |
/// |---|---|
/// | 19 | `paas_audit_events 1` in ASCII: the table and the version of this encoding |
/// | 32 | `prev_hash`: `hash` of the row before; 32 zero bytes for the first |
/// | 8 | `id`, signed, most significant byte first |
/// | 8 | `created_at` as microseconds since 2000-01-01 00:00 UTC, signed, most significant byte first |
/// | 4 + n | `actor_id`: the length of its UTF-8 text as four bytes, signed, most significant first; then the text |
/// | 4 + n | `action`, likewise |
/// | 4 + n | `target_id`, likewise |
/// | 4 + n | `details_jsonb`, likewise, as `details_jsonb::text` prints it |
///
/// Null is the length -1 without text. Every part has a fixed size or says its size, so that no two rows have the same
/// bytes. Rows that a platform had before the chain have neither `prev_hash` nor `hash`; they come first and are
/// counted, not checked.
package enum AuditChain {
  /// What the encoding begins with.
  static let tag = Array("paas_audit_events 1".utf8)

  /// `prev_hash` of the first row.
  static let genesis = [UInt8](repeating: 0, count: SHA256.byteCount)

  /// What a check found.
  package struct Report: Hashable, Sendable {
    /// Rows of the chain that are sound; all of them when ``fault`` is nil.
    package var rows: UInt64 = 0
    /// Rows older than the chain, which nothing covers.
    package var unchainedRows: UInt64 = 0
    /// The last sound row.
    package var headID: Int64?
    package var headHash: [UInt8] = AuditChain.genesis
    /// How many rows came after the expected head, where one was expected and found.
    package var rowsSinceExpectedHead: UInt64?
    /// The first thing that is wrong.
    package var fault: Fault?

    package var isIntact: Bool { fault == nil }
  }

  /// What is wrong with the chain.
  package struct Fault: Hashable, Sendable {
    /// The first row that is wrong; nil when rows are missing at the end.
    package let row: Int64?
    /// In a sentence.
    package let problem: String
  }
}
