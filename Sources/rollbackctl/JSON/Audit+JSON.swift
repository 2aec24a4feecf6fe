internal import RollbackMessages

extension AuditEvent {
  var json: JSONValue {
    .object([
      "id": .number(id), "created_at": .time(createdAt), "actor_id": .given(actorID), "action": .string(action),
      "target_id": .given(targetID), "details": details, "prev_hash": .hexadecimal(prevHash),
      "hash": .hexadecimal(hash),
    ])
  }

  /// Writes what ``json`` is on a line.
  func write(to output: inout JSONBytes) {
    output.raw("{\"id\":")
    output.number(id)
    output.raw(",\"created_at\":")
    if let createdAt { output.time(createdAt) } else { output.raw("null") }
    output.raw(",\"actor_id\":")
    output.given(actorID)
    output.raw(",\"action\":")
    output.string(action)
    output.raw(",\"target_id\":")
    output.given(targetID)
    output.raw(",\"details\":")
    output.document(detailsJSON)
    output.raw(",\"prev_hash\":")
    output.hexadecimal(prevHash)
    output.raw(",\"hash\":")
    output.hexadecimal(hash)
    output.raw("}")
  }

  /// The details as a document; as text where they are none, which the daemon never sends.
  var details: JSONValue {
    detailsJSON.isEmpty ? .null : JSONValue(parsing: detailsJSON) ?? .string(detailsJSON)
  }
}

extension JSONBytes {
  /// As ``JSONValue/time(_:)``.
  mutating func time(_ time: Timestamp) {
    let days = time.seconds >= 0 ? time.seconds / 86_400 : (time.seconds - 86_399) / 86_400
    let second = time.seconds - days * 86_400
    // Days to a date in the proleptic Gregorian calendar, by eras of 400 years that begin on the 1st of March.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    guard (0...9999).contains(year) else { return string(JSONValue.time(time).text ?? "") }
    raw("\"")
    digits(year, 4)
    raw("-")
    digits(month, 2)
    raw("-")
    digits(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, 2)
    raw("T")
    digits(second / 3600, 2)
    raw(":")
    digits(second / 60 % 60, 2)
    raw(":")
    digits(second % 60, 2)
    raw(".")
    digits(Int64(time.nanoseconds) / 1000, 6)
    raw("Z\"")
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
