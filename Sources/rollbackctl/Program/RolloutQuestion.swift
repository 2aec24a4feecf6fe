internal import RollbackClient
internal import RollbackMessages

/// Asks a person before something is rolled out.
struct RolloutQuestion {
  var context: CommandContext

  static func cannotAsk(_ verb: String) -> CommandFailure {
    .usage("A \(verb) asks before it begins, and nobody can answer here: pass --yes to go ahead without.")
  }

  /// Nothing was done, as was wished.
  static let declined = CommandFailure(.cancelled, "Nothing was done.", status: .unexpected)

  /// Shows what would happen and asks; anything but yes is no.
  func agrees(to preview: RolloutPreview) async throws -> Bool {
    let console = context.console
    let traits = console.progress
    console.tell(
      preview.text(width: traits.width, style: traits.style, now: console.now, localTime: console.localTime))
    console.tell("Proceed? [y/N] ")
    let answer = try await console.readLine()
    if answer == nil { console.tell("\n") }
    return ["y", "yes"].contains(answer?.trimmed.lowercased())
  }
}

extension CommandContext {
  /// Where the app runs, to show it; empty where that cannot be found out.
  func namespace(of app: String) async -> String {
    let page = try? await daemon.listApps(ListAppsRequest(pageSize: 500))
    return page?.apps.first { $0.name == app || $0.id == app }?.namespace ?? ""
  }
}

extension String {
  /// Without white space at either end.
  var trimmed: String {
    let start = drop(while: \.isWhitespace)
    return String(start.reversed().drop(while: \.isWhitespace).reversed())
  }
}
