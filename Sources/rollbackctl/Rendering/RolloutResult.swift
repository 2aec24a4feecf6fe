internal import RollbackMessages

/// The end of a rollout, as its user is told.
struct RolloutResult {
  var finished: RolloutFinished
  /// What ran before, where the accepted frame told.
  var from: DeployRecord?
  /// The deploy that a rollback after a failure had best go to.
  var next: DeployRecord?
  var app: String

  func text(width: Int?, style: Style) -> String {
    let (word, rest) = headline
    var lines = RolloutPreview.wrap(word + rest.displayed, indent: 4, width)
    let emphasis = isGood ? style.good : style.bad
    if let first = lines.first, first.hasPrefix(word) { lines[0] = emphasis(word) + first.dropFirst(word.count) }
    if !isGood, let diagnosis = finished.diagnosis {
      lines += FailureEvidence(diagnosis).lines.flatMap { RolloutPreview.wrap($0.text, indent: $0.indent, width) }
    }
    lines += still(width)
    return lines.map { $0 + "\n" }.joined()
  }

  private var isGood: Bool { finished.outcome == .succeeded || finished.outcome == .alreadyCurrent }

  private var image: String { ImageName.short(finished.deploy?.imageRef ?? "") }
  private var id: String { shortID(finished.deploy?.id ?? "") }

  /// What became of it, first in a word.
  private var headline: (word: String, rest: String) {
    let after = finished.elapsed.map { " after \($0.words)" } ?? ""
    let cause = (finished.diagnosis?.summary).flatMap { $0.isEmpty ? nil : $0 } ?? finished.message
    // The sentence says also what became of a revert; that one succeeded is told in a line of its own.
    let why = finished.outcome == .reverted || finished.message.isEmpty ? cause : finished.message
    let rest = after + ": " + why
    return switch finished.outcome {
    case .succeeded: ("OK", "  \(app) runs \(image) (\(id))\(timeToReady)")
    case .alreadyCurrent: ("OK", "  nothing to do: \(app) runs \(image) already (\(id))")
    case .failed: ("FAILED", rest)
    case .reverted: ("FAILED AND REVERTED", rest)
    case .superseded: ("SUPERSEDED", rest)
    case .cancelled: ("CANCELLED", rest)
    case .timedOut: ("TIMED OUT", rest)
    default: ("ENDED", rest)
    }
  }

  private var timeToReady: String {
    guard let time = finished.deploy?.timeToReady ?? finished.elapsed else { return "" }
    guard let target = finished.target, target > .zero else { return " after \(time.words)" }
    let verdict = time <= target ? "met" : "missed by \((time - target).words)"
    return " after \(time.words) (target \(target.words): \(verdict))"
  }

  /// How the app is now, and what to do. Commands are kept whole, to be copied.
  private func still(_ width: Int?) -> [String] {
    var sentence: String?
    var command: String?
    switch finished.outcome {
    case .succeeded:
      // After a deploy that failed half-way the image that ran before is the one that was put back.
      guard let from, from.id != finished.deploy?.id, !isSameImage(from) else { return [] }
      return ["    undo: \(rollback(from))".displayed]
    case .alreadyCurrent: break
    case .reverted:
      sentence = "What ran before is back" + (from.map { ": \(ImageName.short($0.imageRef))" } ?? "") + "."
    case .superseded:
      sentence = "A later deploy took its place."
      command = "see: rollbackctl list \(app)"
    default:
      sentence = serving
      command = next.map { "next: \(rollback($0))" }
    }
    let parts = [sentence, command].compactMap { $0?.displayed }
    let line = "  " + parts.joined(separator: "   ")
    if let width, line.displayWidth > width { return parts.map { "  " + $0 } }
    return parts.isEmpty ? [] : [line]
  }

  private func isSameImage(_ deploy: DeployRecord) -> Bool {
    guard let ours = finished.deploy, ours.imageRef == deploy.imageRef else { return false }
    return ours.imageDigest.isEmpty || deploy.imageDigest.isEmpty || ours.imageDigest == deploy.imageDigest
  }

  private var serving: String? {
    guard let replicas = finished.replicas, replicas.desired > 0 else { return nil }
    if replicas.available == 0 { return "No pod is available: \(app) is down." }
    let count = "\(replicas.available) of \(replicas.desired)"
    return replicas.old > 0 ? "Old pods still serve: \(count) available." : "\(count) pods are available."
  }

  private func rollback(_ deploy: DeployRecord) -> String { "rollbackctl rollback \(app) \(shortID(deploy.id))" }
}
