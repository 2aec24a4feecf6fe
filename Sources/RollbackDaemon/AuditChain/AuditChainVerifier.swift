/// Checks the rows of the chain one after the other, in constant memory.
///
/// Pure: rows come in as PostgreSQL's binary format has them.
struct AuditChainVerifier: ~Copyable {
  /// A row, borrowed from wherever it was read into; nil is null.
  struct Row {
    var id: Int64
    /// Microseconds since 2000-01-01 00:00 UTC.
    var createdAt: Int64
    var actorID: UnsafeRawBufferPointer?
    var action: UnsafeRawBufferPointer?
    var targetID: UnsafeRawBufferPointer?
    /// The text, without the byte that PostgreSQL's binary format puts before it.
    var details: UnsafeRawBufferPointer?
    var previousHash: UnsafeRawBufferPointer?
    var hash: UnsafeRawBufferPointer?
  }

  private var report = AuditChain.Report()
  private var digest = SHA256()
  private let expectedHead: [UInt8]?

  /// - Parameter expectedHead: a hash that the chain once ended with.
  init(expectedHead: [UInt8]? = nil) {
    self.expectedHead = expectedHead
    if expectedHead == AuditChain.genesis { report.rowsSinceExpectedHead = 0 }
  }

  /// Takes the next row in the order of `id`. False when it is wrong: nothing more is to be learnt then.
  mutating func check(_ row: borrowing Row) -> Bool {
    guard report.fault == nil else { return false }
    guard let previousHash = row.previousHash, let hash = row.hash else {
      if report.headID == nil, row.previousHash == nil, row.hash == nil {
        report.unchainedRows += 1
        return true
      }
      return fail(row.id, "row \(row.id) is not chained although rows before it are: it was inserted past the chain")
    }
    guard previousHash.elementsEqual(report.headHash) else {
      guard let before = report.headID else {
        return fail(
          row.id,
          "the chain's first row is \(row.id), which is not its beginning: rows before it were removed or unchained")
      }
      return fail(
        row.id,
        "row \(row.id) does not follow row \(before): that one was rewritten, or rows between them were removed")
    }
    let computed = hashed(row, previousHash)
    guard hash.elementsEqual(computed) else {
      return fail(row.id, "row \(row.id) was changed: its content does not match its hash")
    }
    report.rows += 1
    report.headID = row.id
    report.headHash = computed
    if let since = report.rowsSinceExpectedHead {
      report.rowsSinceExpectedHead = since + 1
    } else if computed == expectedHead {
      report.rowsSinceExpectedHead = 0
    }
    return true
  }

  /// What was found, after the last row.
  consuming func finish() -> AuditChain.Report {
    if report.fault == nil, expectedHead != nil, report.rowsSinceExpectedHead == nil {
      report.fault = AuditChain.Fault(
        row: nil, problem: "no row has the expected hash: rows were cut off the end, or the chain is another one")
    }
    return report
  }

  private mutating func fail(_ row: Int64, _ problem: String) -> Bool {
    report.fault = AuditChain.Fault(row: row, problem: problem)
    return false
  }

  private mutating func hashed(_ row: borrowing Row, _ previousHash: UnsafeRawBufferPointer) -> [UInt8] {
    digest.restart()
    AuditChain.tag.withUnsafeBytes { digest.update($0) }
    digest.update(previousHash)
    digest.update(row.id)
    digest.update(row.createdAt)
    field(row.actorID)
    field(row.action)
    field(row.targetID)
    field(row.details)
    return digest.finish()
  }

  private mutating func field(_ text: UnsafeRawBufferPointer?) {
    digest.update(Int32(text?.count ?? -1))
    if let text { digest.update(text) }
  }
}
