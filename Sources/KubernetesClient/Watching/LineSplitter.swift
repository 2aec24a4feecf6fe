/// Cuts a stream of bytes into lines, wherever its chunks begin and end. Pure.
struct LineSplitter: Sendable {
  /// A line grew beyond the limit.
  struct TooLong: Error {
    let limit: Int
  }

  private let maximumLength: Int
  private var unfinished: [UInt8] = []

  init(maximumLength: Int) {
    self.maximumLength = maximumLength
  }

  /// Whether bytes of a line that has no end yet are held.
  var holdsUnfinishedLine: Bool { !unfinished.isEmpty }

  /// The lines that `chunk` completes, without their line ends; empty ones are left out.
  mutating func split(_ chunk: [UInt8]) throws(TooLong) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var rest = chunk[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      unfinished += rest[..<end]
      rest = rest[(end + 1)...]
      guard unfinished.count <= maximumLength else { throw TooLong(limit: maximumLength) }
      if !unfinished.isEmpty { lines.append(unfinished) }
      unfinished = []
    }
    unfinished += rest
    guard unfinished.count <= maximumLength else { throw TooLong(limit: maximumLength) }
    return lines
  }
}
