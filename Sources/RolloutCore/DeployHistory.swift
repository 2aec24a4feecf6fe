/// The deploys of one app, and how a person's word for one of them is understood.
public struct DeployHistory: Sendable {
  /// The newest first.
  public let deploys: [DeployRecord]
  /// The image in the Deployment's template now; nil where it was not read.
  public let running: ImageReference?
  /// For sentences.
  public let app: String

  /// - Parameter deploys: of this app only, in any order.
  public init(app: String, deploys: [DeployRecord], running: ImageReference?) {
    self.app = app
    self.deploys = deploys.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
    self.running = running
  }

  /// The deploy that counts as running.
  public var current: DeployRecord? { deploys.first(where: \.current) }

  /// The deploys that a later rollback replaced: nobody wants them back by default.
  public var rolledBackFrom: Set<String> {
    var replaced: Set<String> = []
    for (index, deploy) in deploys.enumerated() where deploy.rollbackOf != nil && deploy.wentLive {
      // What was tried last before the rollback, whether it had gone live or failed on the way.
      let before = deploys[(index + 1)...].first { $0.status != .cancelled && $0.image != nil }
      if let before, before.id != deploy.rollbackOf { replaced.insert(before.id) }
    }
    return replaced
  }

  /// The default target: the newest deploy that went live, was not rolled back from, and can be rolled back to.
  ///
  /// After a deploy that failed half-way the cluster's template has *its* image, so the deploy that still counts as
  /// current is a target like any other, and normally the one wanted.
  public var lastKnownGood: DeployRecord? {
    let replaced = rolledBackFrom
    return deploys.first { deploy in
      deploy.wentLive && !replaced.contains(deploy.id) && deploy.ineligibility(running: running) == nil
    }
  }

  /// Finds the deploy that `word` means: empty for the last known good one, `current`, `previous` (the same as `-1`),
  /// `-2` and so on (going back from the current one over those that went live), an id or an unambiguous prefix of one.
  public func deploy(named word: String) throws(Refusal) -> DeployRecord {
    switch word {
    case "":
      guard let deploy = lastKnownGood else {
        throw Refusal(.notFound, "app \(app) has no earlier deploy that went live and can be rolled back to")
      }
      return deploy
    case "current":
      guard let deploy = current else { throw Refusal(.notFound, "app \(app) has no current deploy") }
      return deploy
    case "previous":
      return try deploy(back: 1)
    default:
      if word.hasPrefix("-"), let steps = Int(word.dropFirst()), steps > 0 { return try deploy(back: steps) }
      return try deploy(withPrefix: word)
    }
  }

  private func deploy(back steps: Int) throws(Refusal) -> DeployRecord {
    let start = deploys.firstIndex(where: \.current).map { $0 + 1 } ?? 0
    let earlier = deploys[start...].filter(\.wentLive)
    guard steps <= earlier.count else {
      throw Refusal(.notFound, "app \(app) has only \(earlier.count) earlier deploys that went live, not \(steps)")
    }
    return earlier[steps - 1]
  }

  private func deploy(withPrefix word: String) throws(Refusal) -> DeployRecord {
    let prefix = word.lowercased()
    guard prefix.count <= 36, prefix.allSatisfy({ $0 == "-" || $0.isHexDigit }) else {
      let shown = word.oneLine(limit: 60)
      throw Refusal(.invalidArgument, "\"\(shown)\" is neither a deploy id nor current, previous or -N")
    }
    let matches = deploys.filter { $0.id.hasPrefix(prefix) }
    if matches.count > 1 {
      let ids = matches.prefix(4).map(\.shortID).joined(separator: ", ")
      throw Refusal(.invalidArgument, "\"\(word)\" is the beginning of several deploys of app \(app): \(ids)")
    }
    guard let match = matches.first else {
      throw Refusal(.notFound, "app \(app) has no deploy \(word)")
    }
    return match
  }
}
