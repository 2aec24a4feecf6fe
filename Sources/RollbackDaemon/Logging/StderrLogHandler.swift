internal import Glibc
package import Logging

/// How a line is laid out.
package enum LogFormat: String, Sendable {
  case text, json
}

/// Writes one line an event to stderr with the syslog level prefix that the journal reads (sd-daemon(3)).
///
/// A write that would block, or a closed stderr, loses the line and never the service.
package struct StderrLogHandler: LogHandler {
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let format: LogFormat
  private let hasLevelPrefix: Bool

  /// - Parameter hasLevelPrefix: `<6>` before each line; for the journal, not for a terminal.
  package init(label: String, level: Logger.Level, format: LogFormat, hasLevelPrefix: Bool) {
    self.label = label
    self.logLevel = level
    self.format = format
    self.hasLevelPrefix = hasLevelPrefix
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var merged = metadata
    if let provided = metadataProvider?.get() { merged.merge(provided) { _, new in new } }
    if let own = event.metadata { merged.merge(own) { _, new in new } }
    let pairs = merged.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
    var line = LogLine(format: format).render(
      level: event.level, label: label, message: event.message.description, pairs: pairs)
    if hasLevelPrefix { line = "<\(event.level.syslogPriority)>" + line }
    line += "\n"
    line.withUTF8 { bytes in
      // One write(2), so that lines of two threads do not mix.
      _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
  }
}

extension Logger.Level {
  /// syslog(3).
  var syslogPriority: Int {
    switch self {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}
