internal import RollbackMessages

/// An audit event as a row of a table, with its sentence in the last column or, where that has no room, in lines below.
///
/// Events come one by one, so its columns have fixed widths and give way where something is wider.
struct AuditLine {
  private let event: AuditEvent

  init(_ event: AuditEvent) { self.event = event }

  /// Terminals from this width on have room for the sentence beside the rest.
  private static let roomyWidth = 120

  /// - Parameter width: the columns of the terminal; nil where lines may be of any length.
  static func heading(width: Int?) -> String {
    row(["#", "TIME", "ACTOR", "ACTION", isRoomy(width) ? "DETAILS" : ""], width)
  }

  func lines(_ localTime: LocalTime, width: Int?) -> [String] {
    let time = event.createdAt.map(localTime.full) ?? "-"
    let actor = (event.actorID.isEmpty ? peer ?? "-" : event.actorID).displayed
    let summary = summary.displayed
    let isRoomy = Self.isRoomy(width)
    let row = Self.row(["\(event.id)", time, actor, event.action.displayed, isRoomy ? summary : ""], width)
    if isRoomy {
      let indent = Self.widths(width).reduce(0) { $0 + $1 + 2 }
      return RolloutPreview.wrap(row, indent: indent, width)
    }
    let margin = String(repeating: " ", count: Self.widths(width)[0] + 2)
    let details = summary.isEmpty ? [] : RolloutPreview.wrap(margin + summary, indent: margin.count, width)
    return RolloutPreview.wrap(row, indent: margin.count, width) + details
  }

  private static func isRoomy(_ width: Int?) -> Bool { width.map { $0 >= roomyWidth } ?? true }

  /// Of all columns but the last: the number, the time, who, and what, as long as `deploy.rollback.superseded`.
  private static func widths(_ width: Int?) -> [Int] {
    let actor = width.map { max(8, min(20, $0 - 60)) } ?? 20
    return [7, 19, actor, 26]
  }

  private static func row(_ texts: [String], _ width: Int?) -> String {
    let widths = widths(width)
    let cells = texts.enumerated().map { index, text in
      // Only who it was is ever cut.
      index == 2 ? text.cut(to: widths[2]).padded(to: widths[2]) : index < 4 ? text.padded(to: widths[index]) : text
    }
    return String(cells.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
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
