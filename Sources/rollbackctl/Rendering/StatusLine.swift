/// One line at the bottom of what was printed, which is drawn anew in place.
///
/// Whatever is to be done is one piece of text, to be written at once: nothing flickers. No line is as wide as the
/// terminal, so that none wraps, also with the `^C` behind it that the terminal itself writes at Ctrl-C; where the
/// terminal was made narrower and wrapped what stood there, that is erased too.
struct StatusLine: Sendable {
  /// The columns of what stands there; nil when nothing does.
  private var drawn: Int?

  /// The columns of `^C`.
  private static let echo = 2

  /// Prints finished lines above and draws the status below them; nil removes it.
  mutating func draw(_ status: String?, below lines: [String] = [], width: Int) -> String {
    var text = erasure(width: width)
    for line in lines { text += line + "\n" }
    drawn = nil
    if let status {
      let line = status.cut(to: width - 1 - Self.echo)
      drawn = line.displayWidth
      text += line
    }
    return text
  }

  /// ECMA-48: CUU moves up, ED erases to the end.
  private func erasure(width: Int) -> String {
    guard let drawn else { return "" }
    let rowsAbove = max(0, drawn - 1) / max(1, width)
    return "\r" + (rowsAbove > 0 ? "\u{1B}[\(rowsAbove)A" : "") + "\u{1B}[J"
  }
}

/// What the status line of a rollout says.
struct RolloutStatus: Sendable {
  var phase: String
  var done: Int
  var desired: Int
  var elapsed: Duration
  var detail: String
  /// The promise that elapsed time is held against.
  var target = Duration.seconds(30)

  /// - Parameter tick: counts the redraws, to turn the spinner.
  func text(tick: Int, isUnicode: Bool) -> String {
    let spinner = isUnicode ? Array("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏") : Array("|/-\\")
    let time =
      elapsed <= target
      ? "\(elapsed.ticking) of \(target.words)" : "\(elapsed.ticking), \((elapsed - target).ticking) over"
    var parts = [
      "\(spinner[tick % spinner.count]) \(phase.padded(to: 10))\(bar(isUnicode)) \(done)/\(desired) ready", time,
    ]
    if !detail.isEmpty { parts.append(detail.displayed) }
    return parts.joined(separator: "  ")
  }

  private func bar(_ isUnicode: Bool) -> String {
    let width = 16
    let filled = desired > 0 ? min(width, done * width / desired) : 0
    let (full, empty) = isUnicode ? ("█", "░") : ("#", ".")
    return "[" + String(repeating: full, count: filled) + String(repeating: empty, count: width - filled) + "]"
  }
}

extension Duration {
  /// Whole seconds, rounded down, so that it counts evenly.
  fileprivate var ticking: String { Duration.seconds(components.seconds).words }
}
