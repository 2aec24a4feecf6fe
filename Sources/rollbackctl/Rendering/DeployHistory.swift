internal import RollbackMessages

/// What can be told of an app's history from its list.
///
/// What a rollback goes to the daemon decides, and says; this is for showing it, and for suggestions where no plan was
/// asked for.
struct DeployHistory: Sendable {
  /// The newest first; perhaps a page only.
  let deploys: [DeployRecord]
  /// The id of the deploy that a rollback without a target goes to, wherever in the history it is; empty: there is none,
  /// or it was not asked for.
  let defaultTarget: String
  /// The id of the deploy that failed or was cancelled after the current one went live: its image may be what the
  /// cluster is on, and rolling back to the current deploy undoes it. Empty: there is none, or it was not asked for.
  let undoes: String

  init(deploys: [DeployRecord], defaultTarget: String = "", undoes: String = "") {
    self.deploys = deploys
    self.defaultTarget = defaultTarget
    self.undoes = undoes
  }

  init(_ page: ListDeploysResponse) {
    self.init(deploys: page.deploys, defaultTarget: page.defaultTarget, undoes: page.undoes)
  }

  var current: DeployRecord? { deploys.first(where: \.current) }

  /// Where to go after that deploy failed: for a rollback neither its image again nor what it was to replace.
  func wayOut(after failed: DeployRecord) -> DeployRecord? {
    guard !failed.rollbackOf.isEmpty else { return deploys.first { $0.id == defaultTarget } }
    let replaced = rolledBackFrom
    let avoided = [failed.imageRef, current?.imageRef]
    return deploys.first { deploy in
      deploy.wentLive && deploy.rollbackable && !deploy.current && !replaced.contains(deploy.id)
        && !avoided.contains(deploy.imageRef)
    }
  }

  /// Whether a rollback to it makes sense by what the daemon says.
  func isTarget(_ deploy: DeployRecord) -> Bool { deploy.rollbackable || deploy.id == defaultTarget }

  /// Why not, in words.
  func obstacle(to deploy: DeployRecord) -> String { deploy.notRollbackableReason }

  /// The deploys that a later rollback replaced.
  private var rolledBackFrom: Set<String> {
    var replaced: Set<String> = []
    for (index, deploy) in deploys.enumerated() where !deploy.rollbackOf.isEmpty && deploy.wentLive {
      let before = deploys[(index + 1)...].first { $0.status != .cancelled && $0.hasImage }
      if let before, before.id != deploy.rollbackOf { replaced.insert(before.id) }
    }
    return replaced
  }

  /// The deploy that a word means; see ``DeployWord``.
  /// - Throws: ``CommandFailure``, `not_found` or, for a beginning of several ids, `invalid_argument`.
  func deploy(named word: String, app: String) throws -> DeployRecord {
    switch word {
    case "current":
      if let deploy = current { return deploy }
      throw CommandFailure(.notFound, "App \(app) has no current deploy.")
    case "previous": return try deploy(back: 1, app: app)
    default:
      if word.hasPrefix("-"), let steps = Int(word.dropFirst()), steps > 0 { return try deploy(back: steps, app: app) }
      return try deploy(beginningWith: word, app: app)
    }
  }

  private func deploy(back steps: Int, app: String) throws -> DeployRecord {
    let start = deploys.firstIndex(where: \.current).map { $0 + 1 } ?? 0
    let earlier = deploys[start...].filter(\.wentLive)
    guard steps <= earlier.count else {
      throw CommandFailure(
        .notFound, "App \(app) has only \(earlier.count) earlier deploys that went live, not \(steps).")
    }
    return earlier[steps - 1]
  }

  private func deploy(beginningWith word: String, app: String) throws -> DeployRecord {
    let prefix = word.lowercased()
    guard prefix.allSatisfy({ $0 == "-" || $0.isASCII && $0.isHexDigit }) else {
      throw CommandFailure(.invalidArgument, "\"\(word)\" is neither a deploy id nor current, previous or -N.")
    }
    let matches = deploys.filter { $0.id.hasPrefix(prefix) }
    guard let match = matches.first else { throw CommandFailure(.notFound, "App \(app) has no deploy \(word).") }
    guard matches.count == 1 else {
      let ids = matches.prefix(4).map { shortID($0.id) }.joined(separator: ", ")
      throw CommandFailure(
        .invalidArgument, "\"\(word)\" is the beginning of several deploys of app \(app): \(ids). Give more digits.")
    }
    return match
  }
}

extension DeployRecord {
  /// Whether it ever served. One that was overtaken before it became ready did not.
  var wentLive: Bool {
    status == .live || status == .superseded && (timeToReady != nil || requestID.isEmpty)
  }

  /// Why it is no target, as a column has it: `never produced an image`, `what runs now`.
  var obstacle: String {
    for start in ["it is ", "it "] where notRollbackableReason.hasPrefix(start) {
      return String(notRollbackableReason.dropFirst(start.count))
    }
    return notRollbackableReason
  }

  var hasImage: Bool { !imageRef.isEmpty && !ImageName.isUnbuilt(imageRef) }
}
