internal import ArgumentParser

/// How data is written.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
  /// For people.
  case table
  /// One document.
  case json
  /// One document a line.
  case ndjson
}
