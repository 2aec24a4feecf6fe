internal import RollbackMessages

/// What a rollback or deploy is about to do, for a person to agree to.
struct RolloutPreview: Sendable {
  enum Kind: Sendable {
    case rollback
    /// Forward to an image.
    case deploy(image: String)
  }

  var kind: Kind
  var app: String
  var namespace = ""
  /// What counts as running; nil for a first deploy.
  var from: DeployRecord?
  var target: DeployRecord?
  /// For how long the target served, where that is known.
  var targetTimeLive: Duration?
  /// What the registry says of the target's image, where it was asked.
  var image = ""
  var estimate: Duration?
  var warnings: [Warning] = []

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
    if let estimate { lines.append("  Ready in about \(estimate.words), going by earlier deploys.") }
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
    let since = (deploy.finishedAt ?? deploy.createdAt).map { "live for \(now.since($0).words)" }
    let text = [shortID(deploy.id), ImageName.short(deploy.imageRef), since ?? deploy.status.word]
    return text.joined(separator: "  ").displayed + actor(deploy)
  }

  private func targetText(_ deploy: DeployRecord, _ now: Timestamp) -> String {
    var text = [shortID(deploy.id), ImageName.short(deploy.imageRef)]
    if !deploy.imageDigest.isEmpty { text.append(ImageName.digest(deploy.imageDigest).long) }
    if let time = targetTimeLive {
      text.append("was live \(time.words)" + actor(deploy))
    } else if let created = deploy.createdAt {
      text.append("deployed \(now.since(created).words) ago" + actor(deploy))
    }
    if !image.isEmpty { text.append(" image: \(image)") }
    return text.joined(separator: "  ").displayed
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
