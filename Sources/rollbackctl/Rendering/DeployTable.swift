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
  /// The id of the default target as the daemon has it; nil: by what the list shows.
  var suggestion: String?

  var table: Table {
    let names = ImageName.names(history.deploys.map(\.imageRef))
    let good = suggestion ?? history.lastKnownGood?.id
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
      let mark = (deploy.current ? "*" : "") + (deploy.id == good ? ">" : "")
      var row: [Table.Cell] = [
        "\(mark)", "\(shortID(deploy.id))", "\(names[index])", .init(digest.long, digest.short),
        "\(deploy.status.word)", "\(deploy.actorID.isEmpty ? "-" : deploy.actorID)",
        "\(deploy.createdAt.map { now.since($0).age } ?? "-")",
        "\(deploy.hasImage ? "\(deploy.migrationsSince)" : "-")",
        rollback(deploy, isDefault: deploy.id == good),
      ]
      if isNumbered { row.insert("\(index + 1)", at: 1) }
      table.rows.append(row)
    }
    return table
  }

  private func rollback(_ deploy: DeployRecord, isDefault: Bool) -> Table.Cell {
    if deploy.current {
      guard let stuck = history.unfinishedAfterCurrent else { return "current" }
      return Table.Cell("ok, undoes \(shortID(stuck.id))", "undoes \(shortID(stuck.id))")
    }
    guard deploy.rollbackable else {
      if deploy.status == .deploying || deploy.status == .building { return Table.Cell("no: in progress") }
      return Table.Cell("no: " + deploy.obstacle, deploy.hasImage ? "no: " + deploy.obstacle : "no: never built")
    }
    if isDefault, let time = deploy.timeToReady { return Table.Cell("ok, about \(time.words)") }
    if let until = deploy.imageRetainedUntil {
      return Table.Cell("ok, kept until \(localTime.day(until))", "ok, to \(localTime.day(until))")
    }
    if let time = deploy.timeToReady { return Table.Cell("ok, about \(time.words)") }
    return "ok"
  }
}
