package import Logging

/// How a line is laid out.
package enum LogFormat: String, Sendable {
  case text, json
}

/// Hands one line an event to a ``LogWriter``, with the syslog level prefix that the journal reads (sd-daemon(3)).
///
/// Nobody waits for the line to be written. Lines are lost when stderr is closed, and when nobody reads it for so long
/// that the writer has no more room.
package struct StderrLogHandler: LogHandler {
  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  private let label: String
  private let format: LogFormat
  private let hasLevelPrefix: Bool
  private let writer: LogWriter

  /// - Parameter hasLevelPrefix: `<6>` before each line; for the journal, not for a terminal.
  package init(label: String, level: Logger.Level, format: LogFormat, hasLevelPrefix: Bool, writer: LogWriter) {
    self.label = label
    self.logLevel = level
    self.format = format
    self.hasLevelPrefix = hasLevelPrefix
    self.writer = writer
  }

  /// A writer that tells of lost lines as this handler tells of everything else.
  package static func writer(
    descriptor: Int32 = 2, capacity: Int = 1 << 20, label: String, format: LogFormat, hasLevelPrefix: Bool
  ) -> LogWriter {
    LogWriter(descriptor: descriptor, capacity: capacity) { count in
      line(
        .error, label: label, "lines of the log were lost, because nobody took them", [("lines", "\(count)")],
        format: format, hasLevelPrefix: hasLevelPrefix)
    }
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
    writer.write(
      Self.line(
        event.level, label: label, event.message.description, pairs, format: format, hasLevelPrefix: hasLevelPrefix))
  }

  private static func line(
    _ level: Logger.Level, label: String, _ message: String, _ pairs: [(String, String)], format: LogFormat,
    hasLevelPrefix: Bool
  ) -> String {
    let line = LogLine(format: format).render(level: level, label: label, message: message, pairs: pairs)
    return (hasLevelPrefix ? "<\(level.syslogPriority)>" : "") + line + "\n"
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
