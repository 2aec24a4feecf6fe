internal import RollbackClient
internal import RollbackMessages

/// Why a command did not do what it was asked to, as its user is told.
struct CommandFailure: Error, CustomStringConvertible {
  var reason: ErrorReason
  /// A sentence, with the way out where there is one.
  var message: String
  /// Objects by name, for programs.
  var details: [String: String] = [:]
  var status: ProgramStatus
  /// Commands that go on from here.
  var hints: [Hint] = []

  /// `watch: rollbackctl watch 0bd91e44`.
  struct Hint: Hashable, Sendable {
    var label: String
    var command: String

    /// Its name in JSON.
    fileprivate var member: String { label.split(separator: " ").joined(separator: "_") + "_command" }
  }

  init(
    _ reason: ErrorReason, _ message: String, details: [String: String] = [:], status: ProgramStatus? = nil,
    hints: [Hint] = []
  ) {
    self.reason = reason
    self.message = message
    self.details = details
    self.status = status ?? ProgramStatus(reason)
    self.hints = hints
  }

  /// The program was used wrongly.
  static func usage(_ message: String) -> CommandFailure { CommandFailure(.invalidArgument, message) }

  init(_ error: RollbackError) {
    self.init(error.reason, error.message, details: error.details)
    switch error.reason {
    case .conflict:
      if let deploy = error.details["deploy_id"], !deploy.isEmpty {
        hints.append(Hint(label: "watch", command: "rollbackctl watch \(deploy.prefix(8))"))
        hints.append(Hint(label: "end it", command: "rollbackctl cancel \(deploy.prefix(8))"))
      }
    case .cancelled: message = "Interrupted."
    default: break
    }
  }

  /// Whatever was thrown, as a user is told.
  init(_ error: any Error) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as RollbackError: self.init(error)
    case is CancellationError: self.init(.interrupted, "Interrupted.", status: .interrupted)
    default: self.init(.internal, "\(error)")
    }
  }

  var description: String { "\(reason.rawValue): \(message)" }

  var json: JSONValue { .object(["error": error]) }

  /// The object that says it, wherever it stands. Details that end in `_seconds` are numbers; each command that goes on
  /// from here is a detail too, `watch_command`.
  var error: JSONValue {
    var members = details
    for hint in hints { members[hint.member] = hint.command }
    return .object([
      "reason": .string(reason.rawValue), "message": .string(message),
      "details": .object(
        members.sorted { $0.key < $1.key }.map { name, text in
          let isNumber = name.hasSuffix("_seconds") && Double(text)?.isFinite == true
          return JSONValue.Member(name: name, value: isNumber ? .number(text) : .string(text))
        }),
    ])
  }

  /// For standard error; `width` in columns, nil where lines may be of any length.
  func text(_ style: Style, width: Int?) -> String {
    // Whoever pressed Ctrl-C or said no knows that it was no error.
    let isError = reason != .interrupted && reason != .cancelled
    // The mark's colour takes no place on the screen: it goes in when the lines are made.
    let plain = isError ? "error (\(reason.rawValue.displayed)): \(message.displayed)" : message.displayed
    var lines = RolloutPreview.wrap(plain, indent: 2, width)
    if isError, let first = lines.first { lines[0] = style.bad("error") + first.dropFirst("error".count) }
    lines += hints.map { "  \($0.label): \($0.command.displayed)" }
    return lines.map { $0 + "\n" }.joined()
  }
}
