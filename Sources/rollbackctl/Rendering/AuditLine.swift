internal import RollbackMessages

/// An audit event on a line.
///
/// Events come one by one, so its columns have fixed widths and give way where something is wider.
struct AuditLine {
  private let event: AuditEvent

  init(_ event: AuditEvent) { self.event = event }

  func text(_ localTime: LocalTime) -> String {
    let time = event.createdAt.map(localTime.full) ?? "-"
    let actor = (event.actorID.isEmpty ? peer ?? "-" : event.actorID).displayed
    let columns =
      "\(event.id)".padded(to: 7) + " " + time.padded(to: 20) + " " + actor.cut(to: 12).padded(to: 12) + " "
      + event.action.displayed
    return columns + (summary.isEmpty ? "" : "  " + summary.displayed)
  }

  /// The Unix user whose subject is not known.
  private var peer: String? { event.details["peer"]?["user"]?.text }

  /// What most want to know of the details.
  private var summary: String {
    let details = event.details
    // Outcomes and refusals say it in a sentence.
    if let message = details["message"]?.text {
      let isRefusal = event.action.hasSuffix(".refused")
      return (isRefusal ? details["reason"]?.text.map { "\($0): " } ?? "" : "") + message
    }
    var parts: [String] = []
    if let image = details["image_ref"]?.text { parts.append(ImageName.short(image)) }
    if let deploy = details["to_deploy_id"]?.text { parts.append("deploy \(shortID(deploy))") }
    if let reason = details["reason"]?.text, !reason.isEmpty { parts.append("\"\(reason)\"") }
    return parts.joined(separator: ", ")
  }
}
