internal import ArgumentParser
internal import RollbackMessages

struct MigrationsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrations", abstract: "Records database migrations, and lists them.",
    discussion: "A rollback warns of the migrations that were applied since its target was created.",
    subcommands: [MigrationsRecordVerb.self, MigrationsListVerb.self])
}

struct MigrationsRecordVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Notes that a migration was applied for an app.",
    discussion: """
      Call it from the job that applies them. Repeating it changes nothing.

      EXAMPLES
        rollbackctl migrations record hello 0042 --name orders_add_note
      """)

  @Argument(help: "The app's name or id.")
  var app: String

  @Argument(help: "The migration's version.")
  var version: String

  @Option(help: ArgumentHelp("What it does, in short.", valueName: "text"))
  var name: String = ""

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    let response = try await context.daemon.recordMigration(
      RecordMigrationRequest(app: app, version: version, name: name))
    guard context.format == .table else {
      try context.write(
        .object(["migration": response.migration?.json ?? .null, "created": .bool(response.created)]))
      return .done
    }
    let verb = response.created ? "is" : "was already"
    try context.console.write("Migration \(version) of \(app) \(verb) recorded.".displayed + "\n")
    return .done
  }
}

struct MigrationsListVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Shows the migrations applied for an app, newest first.",
    discussion: """
      EXAMPLES
        rollbackctl migrations list hello
      """)

  @Argument(help: "The app's name or id.")
  var app: String

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    var migrations: [Migration] = []
    var request = ListMigrationsRequest(app: app, pageSize: 500)
    repeat {
      let page = try await context.daemon.listMigrations(request)
      migrations += page.migrations
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    switch context.format {
    case .json: try context.write(.object(["migrations": .array(migrations, \.json), "next_page_token": .null]))
    case .ndjson: for migration in migrations { try context.write(migration.json) }
    case .table: try writeTable(migrations, context)
    }
    return .done
  }

  private func writeTable(_ migrations: [Migration], _ context: CommandContext) throws {
    let console = context.console
    guard !migrations.isEmpty else { return console.tell("App \(app.displayed) has no recorded migrations.\n") }
    var table = Table([
      .init(heading: "VERSION", sacrifice: 2, leastWidth: 12), .init(heading: "NAME", sacrifice: 1, leastWidth: 12),
      .init(heading: "APPLIED"), .init(heading: "AGE"),
    ])
    table.rows = migrations.map { migration in
      [
        "\(migration.version)", "\(migration.name.isEmpty ? "-" : migration.name)",
        "\(migration.appliedAt.map(console.localTime.full) ?? "-")", "\(context.age(migration.appliedAt))",
      ]
    }
    try console.write(table.text(width: console.output.width, style: console.output.style))
  }
}
