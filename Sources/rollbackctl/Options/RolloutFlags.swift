internal import ArgumentParser
internal import RollbackMessages

/// How a rollout is carried out, judged and watched.
struct RolloutFlags: ParsableArguments {
  @Option(help: ArgumentHelp("Why, for the record.", valueName: "text"))
  var reason: String = ""

  @Flag(name: [.long, .customShort("y")], help: "Do not ask.")
  var yes = false

  @Flag(help: "Return as soon as it is accepted.")
  var detach = false

  @Option(
    help: ArgumentHelp("After this long the deploy ends as timed out. Default: the daemon's.", valueName: "duration"))
  var timeout: DurationArgument?

  @Option(help: ArgumentHelp("Refuse unless this deploy is the current one.", valueName: "deploy"))
  var expectCurrent: DeployWord?

  @Option(
    help: ArgumentHelp(
      "When it fails: keep what there is, or revert to the image that ran before. Default: keep.", valueName: "what"))
  var onFailure: OnFailure?

  @Option(
    help: ArgumentHelp("How long the new pods must stay ready. Default: the daemon's, 2s.", valueName: "duration"))
  var soak: DurationArgument?

  @Flag(help: "Wait on also when a pod can never become ready.")
  var noFailFast = false

  @Flag(help: "Refuse when the registry cannot be asked about the image.")
  var requireImageCheck = false

  @Option(
    help: ArgumentHelp(
      "Repeating a call with the same id joins the same deploy and does nothing twice.", valueName: "uuid"))
  var requestID: String?

  @Option(help: ArgumentHelp("Wait so long for a deploy that is in progress to end.", valueName: "duration"))
  var waitForLock: DurationArgument?

  @Flag(help: "Cancel the deploy that is in progress and take its place.")
  var cancelRunning = false

  enum OnFailure: String, CaseIterable, ExpressibleByArgument {
    case keep, revert
  }

  func validate() throws {
    if let requestID, UUIDText.canonical(requestID) == nil {
      throw ValidationError("--request-id \(requestID) is no UUID (36 characters, such as \(UUIDText.random())).")
    }
    if cancelRunning, waitForLock != nil {
      throw ValidationError("--cancel-running and --wait-for-lock are two ways to deal with a deploy in progress.")
    }
    if reason.utf8.count > 1024 { throw ValidationError("--reason is longer than 1,024 bytes.") }
  }

  /// As the daemon takes them.
  func options(token: String) -> RolloutOptions {
    RolloutOptions(
      requestID: requestID.flatMap(UUIDText.canonical) ?? UUIDText.random(), reason: reason,
      timeout: timeout?.duration, soak: soak?.duration, noFailFast: noFailFast,
      onFailure: onFailure.map { $0 == .revert ? .revert : .keep } ?? .unspecified,
      requireImageCheck: requireImageCheck, expectCurrent: expectCurrent?.word ?? "",
      waitForLock: waitForLock?.duration, cancelRunning: cancelRunning, token: token)
  }
}
