internal import ArgumentParser

/// How a deploy is named on the command line: an id, the beginning of one, `current`, `previous`, `-2`.
struct DeployWord: ExpressibleByArgument, Hashable, Sendable {
  /// As the daemon takes it; empty for the last known good one.
  var word: String

  init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    word = argument.hasPrefix("\u{2212}") ? "-" + argument.dropFirst() : argument
  }
}
