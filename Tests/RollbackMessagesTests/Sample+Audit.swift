import RollbackMessages

extension Sample {
  static let audit: [Sample] = [
    Sample(
      "AuditEvent",
      AuditEvent(
        id: 70_000_000_001, createdAt: Timestamp(seconds: 1_700_000_002, nanoseconds: 2_000), actorID: "actor-id",
        action: "action", targetID: "target-id", detailsJSON: "details-json", prevHash: [0x07, 0xFF, 0x00],
        hash: [0x08, 0xFF, 0x00]),
      "0881f8cce2840212090882e2cfaa0610d00f1a086163746f722d69642206616374696f6e2a097461726765742d696432"
        + "0c64657461696c732d6a736f6e3a0307ff00420308ff00"),
    Sample(
      "AuditQueryRequest",
      AuditQueryRequest(
        app: "app", action: "action", actor: "actor", target: "target",
        since: Timestamp(seconds: 1_700_000_005, nanoseconds: 5_000),
        until: Timestamp(seconds: 1_700_000_006, nanoseconds: 6_000), limit: 107, cursor: "cursor", pageSize: 109,
        follow: true),
      "0a036170701206616374696f6e1a056163746f7222067461726765742a090885e2cfaa0610882732090886e2cfaa0610"
        + "f02e386b4206637572736f72486d5001"),
    Sample(
      "AuditPage",
      AuditPage(events: [AuditEvent(id: 70_000_000_001), AuditEvent()], nextCursor: "next-cursor"),
      "0a070881f8cce284020a00120b6e6578742d637572736f72"),
    Sample(
      "VerifyAuditRequest",
      VerifyAuditRequest(expectHead: "expect-head"),
      "0a0b6578706563742d68656164"),
    Sample(
      "VerifyAuditResponse",
      VerifyAuditResponse(
        intact: true, rows: 102, unchainedRows: 103, headID: 70_000_000_004, headHash: [0x05, 0xFF, 0x00],
        firstBadID: 70_000_000_006, problem: "problem"),
      "0801106618672084f8cce284022a0305ff003086f8cce284023a0770726f626c656d"),
  ]
}
