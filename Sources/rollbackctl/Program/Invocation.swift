/// The command line as it was typed, to be offered again with something changed.
struct Invocation: Hashable, Sendable {
  /// Without the program's name.
  var arguments: [String] = []

  /// The same command with an option added, and without those that deal with a deploy in progress in another way.
  func adding(_ option: String...) -> String {
    var words: [String] = []
    var rest = arguments[...]
    while let word = rest.popFirst() {
      if word == "--" {
        rest = [word] + rest
        break
      }
      if word == "--wait-for-lock" { rest = rest.dropFirst() }
      guard word != "--cancel-running", word != "--wait-for-lock", !word.hasPrefix("--wait-for-lock=") else { continue }
      words.append(word)
    }
    return (["rollbackctl"] + words + option + rest).map(Self.quoted).joined(separator: " ")
  }

  /// As a shell takes it for one word (POSIX.1-2017, Shell Command Language, 2.2).
  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "_@%+=:,./-".utf8.contains(byte)
      }
    }
    guard !isPlain || word.isEmpty else { return word }
    return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
  }
}

/// The ways on where another deploy of the app is in progress.
struct ConflictWays: Sendable {
  var invocation: Invocation
  /// Taking its place was what was tried.
  var hasCancelled = false
  /// It was waited for in vain.
  var hasWaited = false

  /// - Parameter deployID: of the deploy in progress.
  func hints(_ deployID: String) -> [CommandFailure.Hint] {
    let id = shortID(deployID)
    var hints = [CommandFailure.Hint(label: "watch", command: "rollbackctl watch \(id)")]
    if !hasCancelled { hints.append(.init(label: "take its place", command: invocation.adding("--cancel-running"))) }
    if !hasWaited { hints.append(.init(label: "wait for it", command: invocation.adding("--wait-for-lock", "60s"))) }
    hints.append(.init(label: "end it", command: "rollbackctl cancel \(id)"))
    return hints
  }
}

extension ConflictWays {
  init(_ invocation: Invocation, _ flags: RolloutFlags) {
    self.init(invocation: invocation, hasCancelled: flags.cancelRunning, hasWaited: flags.waitForLock != nil)
  }
}
