internal import RollbackMessages

extension AuditEvent {
  var json: JSONValue {
    .object([
      "id": .number(id), "created_at": .time(createdAt), "actor_id": .given(actorID), "action": .string(action),
      "target_id": .given(targetID), "details": details, "prev_hash": .hexadecimal(prevHash),
      "hash": .hexadecimal(hash),
    ])
  }

  /// The details as a document; as text where they are none, which the daemon never sends.
  var details: JSONValue {
    detailsJSON.isEmpty ? .null : JSONValue(parsing: detailsJSON) ?? .string(detailsJSON)
  }
}

extension VerifyAuditResponse {
  var json: JSONValue {
    .object([
      "intact": .bool(intact), "rows": .number(rows), "unchained_rows": .number(unchainedRows),
      "head_id": headID == 0 ? .null : .number(headID), "head_hash": .hexadecimal(headHash),
      "first_bad_id": firstBadID == 0 ? .null : .number(firstBadID), "problem": .given(problem),
    ])
  }
}
