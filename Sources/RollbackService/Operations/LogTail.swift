/// The end of a container's log, as a frame can carry it. What a program writes is anything: it may be very long, and
/// not be text at all.
struct LogTail: Hashable, Sendable {
  /// Of one log in a frame, when the rest of the frame is small.
  static let limit = 16 << 10

  /// Whole lines where that is possible, at most ``limit`` bytes.
  var text: String
  /// What was left out; nil when nothing was.
  var note: String?

  /// - Parameter limit: in bytes of UTF-8.
  init(_ log: String, limit: Int = LogTail.limit) {
    // A protobuf string of C ends at the first NUL.
    let clean = log.utf8.contains(0) ? log.replacing("\0", with: "\u{FFFD}") : log
    guard clean.utf8.count > limit else {
      text = clean
      return
    }
    var start = clean.utf8.index(clean.endIndex, offsetBy: -limit)
    // Not within a character, and not within a line if another one begins later.
    while start < clean.endIndex, start.samePosition(in: clean.unicodeScalars) == nil {
      start = clean.utf8.index(after: start)
    }
    let scalars = clean.unicodeScalars[start...]
    if let lineEnd = scalars.dropLast().firstIndex(of: "\n") { start = clean.unicodeScalars.index(after: lineEnd) }
    text = String(clean.unicodeScalars[start...])
    note = "only its last \(text.utf8.count) of \(clean.utf8.count) bytes are kept"
  }
}
