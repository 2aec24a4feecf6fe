internal import RollbackMessages

/// What the program is run on: two streams, a keyboard, a clock.
protocol Console: Sendable {
  /// Data, to standard output.
  /// - Throws: ``CommandFailure`` when it cannot be written. When nobody reads it any more the program ends quietly.
  func write(_ text: String) throws
  /// The same, of bytes that are text.
  func write(_ bytes: [UInt8]) throws
  /// Progress, questions and warnings, to standard error. What cannot be written is lost.
  func tell(_ text: String)
  /// A line of standard input without its end; nil when there is none any more. Suspends until it is there.
  /// - Throws: `CancellationError` when the task is cancelled.
  func readLine() async throws -> String?

  /// Lends `body` single keys as they are pressed, with the terminal set for it; only where ``canPick``. They end with
  /// the input, and when the task is cancelled.
  func withKeys<Result>(_ body: (AsyncStream<Key>) async throws -> Result) async throws -> Result

  var output: StreamTraits { get }
  /// Of standard error.
  var progress: StreamTraits { get }
  /// Whether somebody can answer questions.
  var canAsk: Bool { get }
  var now: Timestamp { get }
  var localTime: LocalTime { get }
}

extension Console {
  /// Whether somebody can choose from a list with the arrow keys.
  var canPick: Bool { canAsk && progress.canRedraw }
}

/// What a stream of output can do at the moment.
struct StreamTraits: Hashable, Sendable {
  var isTerminal = false
  /// Columns; nil where lines may have any length.
  var width: Int?
  /// Rows; nil where that is not known.
  var height: Int?
  var isColored = false
  /// Whether the cursor can be moved.
  var canRedraw = false
  /// Whether more than ASCII can be drawn.
  var isUnicode = true

  var style: Style { Style(isColored: isColored) }
}
