internal import RollbackMessages

/// The history of an app as a table.
///
/// `*` marks the deploy that counts as running, `>` the one that a rollback without a target goes to.
struct DeployTable {
  var history: DeployHistory
  var now: Timestamp
  var localTime: LocalTime
  /// Numbers before the rows, for choosing one.
  var isNumbered = false

  var table: Table {
    let names = ImageName.names(history.deploys.map(\.imageRef))
    var columns: [Table.Column] = [
      .init(heading: ""), .init(heading: "DEPLOY"),
      .init(heading: "IMAGE", sacrifice: 3, leastWidth: 14, keepsEnd: true),
      .init(heading: "DIGEST", sacrifice: 1, leastWidth: 5, mayVanish: true),
      .init(heading: "STATUS"), .init(heading: "BY", sacrifice: 4, leastWidth: 6), .init(heading: "AGE"),
      .init(heading: "MIGR"), .init(heading: "ROLLBACK", sacrifice: 2, leastWidth: 16),
    ]
    if isNumbered { columns.insert(.init(heading: "#"), at: 1) }
    var table = Table(columns)
    for (index, deploy) in history.deploys.enumerated() {
      let digest = ImageName.digest(deploy.imageDigest)
      let mark = (deploy.current ? "*" : "") + (deploy.id == history.defaultTarget ? ">" : "")
      var row: [Table.Cell] = [
        "\(mark)", "\(shortID(deploy.id))", "\(names[index])", .init(digest.long, digest.short),
        "\(deploy.status.word)", "\(deploy.actorID.isEmpty ? "-" : deploy.actorID)",
        "\(deploy.createdAt.map { now.since($0).age } ?? "-")",
        "\(deploy.hasImage ? "\(deploy.migrationsSince)" : "-")",
        rollback(deploy),
      ]
      if isNumbered { row.insert("\(index + 1)", at: 1) }
      table.rows.append(row)
    }
    return table
  }

  private func rollback(_ deploy: DeployRecord) -> Table.Cell {
    let isDefault = deploy.id == history.defaultTarget
    if deploy.current, history.isTarget(deploy) {
      // Without one that failed it is the template that has another image than our records say.
      guard !history.undoes.isEmpty else { return "ok, puts it back" }
      return Table.Cell("ok, undoes \(shortID(history.undoes))", "undoes \(shortID(history.undoes))")
    }
    guard history.isTarget(deploy) else {
      if deploy.status == .deploying || deploy.status == .building { return Table.Cell("no: in progress") }
      if deploy.current, deploy.obstacle == "what runs now" { return "current" }
      return Table.Cell("no: " + deploy.obstacle, deploy.hasImage ? "no: " + deploy.obstacle : "no: never built")
    }
    switch deploy.status {
    case .failed: return Table.Cell("ok, but it failed", "ok, but failed")
    case .cancelled: return "ok, but cancelled"
    case .superseded where !deploy.wentLive: return "ok, but never live"
    default: break
    }
    if isDefault, let time = deploy.timeToReady { return Table.Cell("ok, about \(time.words)") }
    if let until = deploy.imageRetainedUntil {
      return Table.Cell("ok, kept until \(localTime.day(until))", "ok, to \(localTime.day(until))")
    }
    if let time = deploy.timeToReady { return Table.Cell("ok, about \(time.words)") }
    return "ok"
  }
}
