internal import RollbackMessages

/// What a rollback or deploy is about to do, for a person to agree to.
struct RolloutPreview: Sendable {
  enum Kind: Sendable {
    case rollback
    /// Forward to an image.
    case deploy(image: String)
  }

  /// What is to become of a deploy that is in progress.
  enum Conflict: Hashable, Sendable {
    case cancel
    case wait(Duration)
  }

  var kind: Kind
  var app: String
  var namespace = ""
  /// What counts as running; nil for a first deploy.
  var from: DeployRecord?
  /// What failed or was cancelled on top of it.
  var undoes: DeployRecord?
  var target: DeployRecord?
  /// For how long the target served, where that is known.
  var targetLiveFor: Duration?
  /// What the registry says of the target's image, in the contract's word, where it was asked.
  var imageCheck = ""
  var estimate: Estimate?
  var warnings: [Warning] = []
  var inFlight: DeployRecord?
  var conflict: Conflict?

  /// How long it may take, and how that is known.
  struct Estimate: Hashable, Sendable {
    var duration: Duration
    var rollouts: Int
    var isSameImage: Bool
  }

  func text(width: Int?, style: Style, now: Timestamp, localTime: LocalTime) -> String {
    var lines: [String] = []
    let place = namespace.isEmpty ? "" : " in namespace \(namespace)"
    switch kind {
    case .rollback: lines.append(style.bold("Roll back \(app.displayed)\(place.displayed)"))
    case .deploy: lines.append(style.bold("Deploy to \(app.displayed)\(place.displayed)"))
    }
    if let from { lines += Self.wrap("  from  " + fromText(from, now), indent: 8, width) }
    switch kind {
    case .rollback:
      if let target { lines += Self.wrap("  to    " + targetText(target, now), indent: 8, width) }
    case .deploy(let image): lines += Self.wrap("  to    \(image.displayed)", indent: 8, width)
    }
    if let inFlight, let conflict { lines += Self.wrap(conflictText(inFlight, conflict, now), indent: 10, width) }
    if let estimate { lines += Self.wrap("  " + estimateText(estimate), indent: 10, width) }
    if case .rollback = kind {
      lines += Self.wrap(
        "  Not restored: environment variables, secrets, database schema, volumes.", indent: 10, width)
    }
    for warning in warnings {
      lines += WarningText(warning).lines(width: width, style: style, now: now, localTime: localTime)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private func fromText(_ deploy: DeployRecord, _ now: Timestamp) -> String {
    if case .rollback = kind, let undoes {
      let words = [shortID(undoes.id), ImageName.short(undoes.imageRef), undone(undoes, now) + actor(undoes)]
      let serving = deploy.id == target?.id ? "" : "; \(ImageName.short(deploy.imageRef)) is live"
      return words.joined(separator: "  ").displayed + serving.displayed
    }
    let text = [shortID(deploy.id), ImageName.short(deploy.imageRef), live(deploy, now) ?? deploy.status.word]
    return text.joined(separator: "  ").displayed + actor(deploy)
  }

  private func undone(_ deploy: DeployRecord, _ now: Timestamp) -> String {
    let age = (deploy.finishedAt ?? deploy.createdAt).map { now.since($0).words }
    guard deploy.status == .deploying else { return deploy.status.word + (age.map { " \($0) ago" } ?? "") }
    return "in progress" + (age.map { " for \($0)" } ?? "") + ", is cancelled"
  }

  private func live(_ deploy: DeployRecord, _ now: Timestamp) -> String? {
    (deploy.finishedAt ?? deploy.createdAt).map { "live for \(now.since($0).words)" }
  }

  private func targetText(_ deploy: DeployRecord, _ now: Timestamp) -> String {
    var text = [shortID(deploy.id), ImageName.short(deploy.imageRef)]
    if !deploy.imageDigest.isEmpty { text.append(ImageName.digest(deploy.imageDigest).long) }
    if deploy.current, let live = live(deploy, now) {
      text.append(live + actor(deploy))
    } else if deploy.status == .failed || deploy.status == .cancelled {
      text.append(undone(deploy, now) + actor(deploy))
    } else if let time = targetLiveFor {
      text.append("was live \(time.words)" + actor(deploy))
    } else if let created = deploy.createdAt {
      text.append("deployed \(now.since(created).words) ago" + actor(deploy))
    }
    switch imageCheck {
    case "": break
    case "unchecked", "not_configured": text.append(" image: not checked")
    default: text.append(" image: \(imageCheck)")
    }
    return text.joined(separator: "  ").displayed
  }

  private func conflictText(_ deploy: DeployRecord, _ conflict: Conflict, _ now: Timestamp) -> String {
    let age = deploy.createdAt.map { " for \(now.since($0).words)" } ?? ""
    let what = "\(shortID(deploy.id))  \(ImageName.short(deploy.imageRef))  in progress\(age)\(actor(deploy))"
    switch conflict {
    case .cancel: return "  cancels \(what)".displayed
    case .wait(let patience): return "  waits up to \(patience.words) for \(what)".displayed
    }
  }

  private func estimateText(_ estimate: Estimate) -> String {
    let time = "Ready in about \(estimate.duration.words)"
    switch (estimate.rollouts, estimate.isSameImage) {
    case (0, _): return "\(time), going by earlier deploys."
    case (1, true): return "\(time), as the last rollout of this image took."
    case (1, false): return "\(time), as the app's last rollout took."
    case (let count, true): return "\(time), the median of the last \(count) rollouts of this image."
    case (let count, false): return "\(time), the median of the app's last \(count) rollouts."
    }
  }

  private func actor(_ deploy: DeployRecord) -> String {
    deploy.actorID.isEmpty ? "" : " (\(deploy.actorID.displayed))"
  }

  /// One text over as many lines as it needs, all but the first indented.
  static func wrap(_ text: String, indent: Int, _ width: Int?) -> [String] {
    guard let width, text.displayWidth > width, width > indent + 10 else { return [text] }
    let margin = String(repeating: " ", count: indent)
    // The first line's own indentation is no place to break.
    let head = text.prefix(indent)
    let lines = String(text.dropFirst(indent)).wrapped(to: width - indent)
    return lines.enumerated().map { ($0 == 0 ? head : margin[...]) + $1 }
  }
}

/// A warning as people read it.
struct WarningText {
  var warning: Warning

  init(_ warning: Warning) { self.warning = warning }

  func lines(width: Int?, style: Style, now: Timestamp, localTime: LocalTime) -> [String] {
    let text = "  WARNING \(warning.code.displayed)  \(warning.message.displayed)"
    var lines = RolloutPreview.wrap(text, indent: 10, width)
    if let first = lines.first {
      lines[0] = first.replacingFirst("WARNING", with: style.warning("WARNING"))
    }
    let details = warning.details.map { Self.localized($0, now: now, localTime).displayed }
    if !details.isEmpty {
      let margin = String(repeating: " ", count: 10)
      lines += RolloutPreview.wrap(margin + details.joined(separator: ", "), indent: 10, width)
    }
    return lines
  }

  /// A time in RFC 3339 that ends a detail in parentheses, as the clock on the wall has it.
  private static func localized(_ detail: String, now: Timestamp, _ localTime: LocalTime) -> String {
    guard detail.hasSuffix(")"), let open = detail.lastIndex(of: "("),
      let time = Timestamp(rfc3339: String(detail[detail.index(after: open)...].dropLast()))
    else { return detail }
    return detail[..<open] + "(" + localTime.minute(time, now: now) + ")"
  }
}

extension String {
  fileprivate func replacingFirst(_ word: String, with other: String) -> String {
    guard let range = firstRange(of: word) else { return self }
    return self[..<range.lowerBound] + other + self[range.upperBound...]
  }
}
