/// The deploys of one app that a choice may fall on, and how a person's word for one of them is understood.
///
/// They need not be all: the current one, the newest of those that went live, and those that are named are enough.
/// Where they are not, ``needsOlder(for:)`` says so.
public struct DeployHistory: Sendable {
  /// The newest first.
  public let deploys: [DeployRecord]
  /// The deploys that a later rollback replaced: nobody wants them back by default.
  public let rolledBackFrom: Set<String>
  /// The image in the Deployment's template now; nil where it was not read.
  public let running: ImageReference?
  /// For sentences.
  public let app: String

  /// - Parameters:
  ///   - deploys: of this app only, in any order.
  ///   - rolledBackFrom: the ids of those that a rollback replaced; nil: to be found in `deploys`, which then are all.
  public init(
    app: String, deploys: [DeployRecord], running: ImageReference?, rolledBackFrom: Set<String>? = nil
  ) {
    self.app = app
    self.deploys = deploys.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
    self.running = running
    self.rolledBackFrom = rolledBackFrom ?? Self.replaced(in: self.deploys)
  }

  /// - Parameter deploys: all of an app, the newest first.
  private static func replaced(in deploys: [DeployRecord]) -> Set<String> {
    var replaced: Set<String> = []
    for (index, deploy) in deploys.enumerated() where deploy.rollbackOf != nil && deploy.wentLive {
      // What was tried last before the rollback, whether it had gone live or failed on the way.
      let before = deploys[(index + 1)...].first { $0.status != .cancelled && $0.image != nil }
      if let before, before.id != deploy.rollbackOf { replaced.insert(before.id) }
    }
    return replaced
  }

  /// The deploy that counts as running.
  public var current: DeployRecord? { deploys.first(where: \.current) }

  /// Why one cannot roll back to that deploy now; nil when one can.
  ///
  /// Where the template has another image than the current deploy, because a deploy failed half-way or somebody set it
  /// by hand, nothing counts as running: a rollback to any of them is done, waited for and recorded.
  public func ineligibility(of deploy: DeployRecord) -> Refusal? {
    guard let running, let known = current?.image, !known.isSameImage(as: running) else {
      return deploy.ineligibility(running: runningByDigest)
    }
    return deploy.ineligibility(running: nil, isSettled: false)
  }

  /// The default target: the newest deploy that went live, was not rolled back from, and can be rolled back to.
  ///
  /// After a deploy that failed half-way the cluster's template has *its* image, so the deploy that still counts as
  /// current is a target like any other, and normally the one wanted.
  public var lastKnownGood: DeployRecord? {
    deploys.first { deploy in
      deploy.wentLive && !rolledBackFrom.contains(deploy.id) && !isInTemplate(deploy)
        && ineligibility(of: deploy) == nil
    }
  }

  /// The image in the template by the digest that was recorded for it, where the template names none itself: under one
  /// tag, `latest` say, every deploy may have had another image.
  private var runningByDigest: ImageReference? {
    guard let running, running.digest == nil, let known = current?.image, known.isSameImage(as: running) else {
      return running
    }
    return known
  }

  private func isInTemplate(_ deploy: DeployRecord) -> Bool {
    guard let running = runningByDigest, let image = deploy.image else { return false }
    return image.isSameImage(as: running)
  }

  /// Whether older deploys than these must be looked at before `word` can be answered.
  public func needsOlder(for word: TargetWord) -> Bool {
    switch word {
    case .lastKnownGood: lastKnownGood == nil
    case .back(let steps): earlier.count < steps
    case .current, .id: false
    }
  }

  /// Those that went live before the current one, the newest first.
  private var earlier: [DeployRecord] {
    let start = deploys.firstIndex(where: \.current).map { $0 + 1 } ?? 0
    return deploys[start...].filter(\.wentLive)
  }

  /// Finds the deploy that `word` means.
  /// - Throws: `not_found`, or `invalid_argument` for a beginning of several ids.
  public func deploy(named word: TargetWord) throws(Refusal) -> DeployRecord {
    switch word {
    case .lastKnownGood:
      guard let deploy = lastKnownGood else {
        throw Refusal(.notFound, "app \(app) has no earlier deploy that went live and can be rolled back to")
      }
      return deploy
    case .current:
      guard let deploy = current else { throw Refusal(.notFound, "app \(app) has no current deploy") }
      return deploy
    case .back(let steps):
      let earlier = earlier
      guard steps <= earlier.count else {
        throw Refusal(.notFound, "app \(app) has only \(earlier.count) earlier deploys that went live, not \(steps)")
      }
      return earlier[steps - 1]
    case .id(let beginning):
      return try deploy(beginningWith: beginning)
    }
  }

  private func deploy(beginningWith beginning: String) throws(Refusal) -> DeployRecord {
    let matches = deploys.filter { $0.id.hasPrefix(beginning) }
    if matches.count > 1 {
      let ids = matches.prefix(4).map { String($0.id.prefix(max(8, beginning.count + 4))) }.joined(separator: ", ")
      throw Refusal(
        .invalidArgument,
        "\"\(beginning)\" is the beginning of several deploys of app \(app) (\(ids)); give more digits")
    }
    guard let match = matches.first else {
      throw Refusal(.notFound, "app \(app) has no deploy \(beginning); rollbackctl list \(app) shows those it has")
    }
    return match
  }

  /// Whether the caller's idea of what is current holds.
  /// - Throws: `expectation_failed` when it does not.
  public func expectCurrent(_ text: String) throws(Refusal) {
    let holds =
      switch try TargetWord(text) {
      case .lastKnownGood, .current: true
      case .back: false
      case .id(let beginning): current?.id.hasPrefix(beginning) ?? false
      }
    guard !holds else { return }
    let actual = current.map { "\($0.shortID), \($0.imageRef)" } ?? "none"
    throw Refusal(
      .expectationFailed, "deploy \(text) is not the current one of app \(app); that is \(actual)")
  }
}
