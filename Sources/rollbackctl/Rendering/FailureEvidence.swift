internal import RollbackMessages

/// The evidence below a failure's sentence: what the container said, the events that matter, and what is different
/// where the app serves. All of it is in the JSON; here is what fits a screen.
struct FailureEvidence {
  /// A line that may need several; its further ones are indented.
  struct Line: Hashable {
    var text: String
    var indent: Int
  }

  /// Lines of a log that are shown.
  static let logLines = 8
  /// Columns of each of them.
  static let logWidth = 240
  /// Events that are shown.
  static let eventLines = 4
  /// Columns of each of them.
  static let eventWidth = 220

  private let diagnosis: Diagnosis

  init(_ diagnosis: Diagnosis) { self.diagnosis = diagnosis }

  var lines: [Line] { log + events + comparison + notes }

  // MARK: What the container said

  private var log: [Line] {
    let isPrevious = !diagnosis.previousLogTail.isEmpty
    let tail = isPrevious ? diagnosis.previousLogTail : diagnosis.logTail
    // A carriage return before the line's end is no part of it.
    let all = tail.split(whereSeparator: \.isNewline).map { String($0).displayed.cut(to: Self.logWidth) }
    let whose = isPrevious ? "its previous run" : "the container"
    switch all.count {
    case 0: return []
    case 1: return [Line(text: "  last lines of \(whose):  \(all.joined())", indent: 6)]
    default:
      let many = all.count > Self.logLines ? "last \(Self.logLines) of \(all.count) lines of" : "last lines of"
      return [Line(text: "  \(many) \(whose):", indent: 6)]
        + all.suffix(Self.logLines).map { Line(text: "      \($0)", indent: 8) }
    }
  }

  // MARK: Events

  /// The newest events that say more than the sentence does; of those that only differ in the pod one.
  private var events: [Line] {
    var shown: [(event: ClusterEvent, text: String)] = []
    for event in diagnosis.events.reversed() where shown.count < Self.eventLines {
      guard !isSaid(event), !shown.contains(where: { $0.event.isLike(event) }) else { continue }
      let count = event.count > 1 ? " (\(event.count) times)" : ""
      let text = "  event  \(event.object): \(event.reason)\(count): \(event.message)"
      shown.append((event, text.displayed.cut(to: Self.eventWidth)))
    }
    return shown.reversed().map { Line(text: $0.text, indent: 9) }
  }

  /// Whether the event says no more than the sentence: its text stands there, or it only names the state that the
  /// sentence names, or the one that alternates with it.
  private func isSaid(_ event: ClusterEvent) -> Bool {
    let isRetried = ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull"].contains(diagnosis.reason)
    if event.reason == "BackOff", isRetried { return true }
    if event.reason == "Killing", !diagnosis.probe.isEmpty { return true }
    let introductions = ["Error: ", "Readiness probe failed: ", "Liveness probe failed: ", "Startup probe failed: "]
    let introduction = introductions.first { event.message.hasPrefix($0) } ?? ""
    let text = String(event.message.dropFirst(introduction.count))
    return text == "ErrImagePull" || text == "ImagePullBackOff" || diagnosis.summary.contains(text)
  }

  // MARK: Beside those that serve

  private var comparison: [Line] {
    guard let first = diagnosis.comparison.first else { return [] }
    let sentence = first.uppercased() + diagnosis.comparison.dropFirst() + "."
    return [Line(text: "  " + sentence.displayed, indent: 4)]
  }

  private var notes: [Line] {
    diagnosis.notes.map { Line(text: "  note   \($0)".displayed, indent: 9) }
  }
}

extension ClusterEvent {
  /// Whether another event says the same of the same object, or of a sibling of it.
  fileprivate func isLike(_ other: ClusterEvent) -> Bool {
    let kind = object.prefix { $0 != "/" }
    return reason == other.reason && kind == other.object.prefix { $0 != "/" }
      && (message == other.message || message.prefix(24) == other.message.prefix(24))
  }
}
