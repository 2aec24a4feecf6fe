internal import ArgumentParser
internal import RollbackMessages

struct AppCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "app", abstract: "Makes apps known, and lists them.",
    subcommands: [AppRegisterVerb.self, AppListVerb.self])
}

struct AppRegisterVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "register",
    abstract: "Makes an app known: which container of which Deployment it is.",
    discussion: """
      Repeating it with the same values changes nothing.

      EXAMPLES
        rollbackctl app register hello --namespace octave --deployment hello --container web
      """)

  @Argument(help: "The app's name: a-z, 0-9, \"-\" and \".\".")
  var name: String

  @Option(help: ArgumentHelp("The Deployment's namespace.", valueName: "ns"))
  var namespace: String

  @Option(help: ArgumentHelp("The Deployment's name.", valueName: "name"))
  var deployment: String

  @Option(help: ArgumentHelp("The container whose image is deployed.", valueName: "name"))
  var container: String

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    let response = try await context.daemon.registerApp(
      RegisterAppRequest(name: name, namespace: namespace, deployment: deployment, container: container))
    guard context.format == .table else {
      try context.write(
        .object(["app": response.app?.json ?? .null, "created": .bool(response.created)]))
      return .done
    }
    let place = "container \(container) of deployment \(namespace)/\(deployment)"
    let text =
      response.created ? "App \(name) is registered: \(place)." : "App \(name) was registered already: \(place)."
    try context.console.write(text.displayed + "\n")
    return .done
  }
}

struct AppListVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Shows every app.",
    discussion: """
      EXAMPLES
        rollbackctl app list
        rollbackctl app list --output ndjson | jq -r .name
      """)

  @OptionGroup var call: CallOptions
  @OptionGroup var common: CommonOptions

  var callTimeout: Duration? { call.timeout?.duration }

  func run(in context: CommandContext) async throws -> ProgramStatus {
    var apps: [App] = []
    var request = ListAppsRequest(pageSize: 500)
    repeat {
      let page = try await context.daemon.listApps(request)
      apps += page.apps
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    switch context.format {
    case .json: try context.write(.object(["apps": .array(apps, \.json), "next_page_token": .null]))
    case .ndjson: for app in apps { try context.write(app.json) }
    case .table: try writeTable(apps, context)
    }
    return .done
  }

  private func writeTable(_ apps: [App], _ context: CommandContext) throws {
    let console = context.console
    guard !apps.isEmpty else {
      return console.tell("No app is registered yet: rollbackctl app register --help\n")
    }
    var table = Table([
      .init(heading: "APP", sacrifice: 4, leastWidth: 12), .init(heading: "NAMESPACE", sacrifice: 3, leastWidth: 10),
      .init(heading: "DEPLOYMENT", sacrifice: 2, leastWidth: 12),
      .init(heading: "CONTAINER", sacrifice: 1, leastWidth: 10), .init(heading: "AGE"),
    ])
    table.rows = apps.map { app in
      [
        "\(app.name)", "\(app.namespace)", "\(app.deployment)", "\(app.container)", "\(context.age(app.createdAt))",
      ]
    }
    try console.write(table.text(width: console.output.width, style: console.output.style))
  }
}
