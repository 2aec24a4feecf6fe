/// Puts a response's head together from the lines that libcurl hands out one by one.
///
/// Interim answers (1xx) and trailers are passed over. Pure.
struct ResponseHeadParser {
  /// What a line led to.
  enum Outcome: Equatable {
    case more
    /// The final head is whole; reported once.
    case complete(HTTPResponseHead)
    /// Not HTTP, or larger than `maximumSize`.
    case violation(String)
  }

  /// Bytes of all header lines together.
  static let maximumSize = 256 << 10

  private var head: HTTPResponseHead?
  private var size = 0
  /// Whether the final head has come.
  private(set) var isComplete = false

  /// Takes one line, with its line end.
  mutating func receive(_ line: UnsafeRawBufferPointer) -> Outcome {
    if isComplete { return .more }
    size += line.count
    guard size <= Self.maximumSize else {
      return .violation("the response's head is larger than \(Self.maximumSize) bytes")
    }
    let text = line[..<Self.endOfContent(line)]
    if text.isEmpty { return endOfHead() }
    if text.starts(with: "HTTP/".utf8) {
      guard let status = Self.status(text) else { return .violation("the status line is malformed") }
      head = HTTPResponseHead(status: status)
      return .more
    }
    guard head != nil else { return .violation("the response does not begin with a status line") }
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex else {
      return .violation("a header line has no name")
    }
    head?.headers.add(Self.string(text[..<colon]), Self.string(Self.trimmed(text[(colon + 1)...])))
    return .more
  }

  private mutating func endOfHead() -> Outcome {
    guard let head else { return .violation("the response does not begin with a status line") }
    if head.status < 200, head.status != 101 {
      self.head = nil
      return .more
    }
    isComplete = true
    return .complete(head)
  }

  private static func status(_ line: Slice<UnsafeRawBufferPointer>) -> Int? {
    let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2, parts[1].count == 3 else { return nil }
    var status = 0
    for byte in parts[1] {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      status = status * 10 + Int(byte - UInt8(ascii: "0"))
    }
    return status >= 100 ? status : nil
  }

  private static func endOfContent(_ line: UnsafeRawBufferPointer) -> Int {
    var end = line.count
    while end > 0, line[end - 1] == UInt8(ascii: "\n") || line[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    return end
  }

  private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    var rest = bytes
    while let first = rest.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
    while let last = rest.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
    return rest
  }

  /// Field values are bytes (RFC 9110, section 5.5): UTF-8 where they are, else Latin-1.
  private static func string(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
    String(validating: bytes, as: UTF8.self) ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
  }
}
