/// JSON on one line, as bytes: for output of any size, where making a ``JSONValue`` of each event would cost more than all
/// the rest. It writes what ``JSONValue/line`` would, but for strings in documents that are passed on, whose escapes stay as
/// they are.
struct JSONBytes {
  private(set) var bytes: [UInt8] = []

  var count: Int { bytes.count }

  mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

  /// Forgets what was written, but keeps the memory.
  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  mutating func raw(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  mutating func number(_ value: some BinaryInteger) {
    bytes.append(contentsOf: String(value).utf8)
  }

  /// With leading zeros.
  mutating func digits(_ value: Int64, _ count: Int) {
    var divisor: Int64 = 1
    for _ in 1..<count { divisor *= 10 }
    while divisor > 0 {
      bytes.append(0x30 + UInt8(truncatingIfNeeded: value / divisor % 10))
      divisor /= 10
    }
  }

  /// RFC 8259, section 7; the C1 controls are escaped too: some terminals obey them.
  mutating func string(_ text: String) {
    var text = text
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { quoted($0) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A string, or null where it is empty.
  mutating func given(_ text: String) {
    if text.isEmpty { raw("null") } else { string(text) }
  }

  /// Lower-case hexadecimal digits, or null for no bytes.
  mutating func hexadecimal(_ value: [UInt8]) {
    guard !value.isEmpty else { return raw("null") }
    bytes.append(UInt8(ascii: "\""))
    for byte in value {
      bytes.append(Self.digit(byte >> 4))
      bytes.append(Self.digit(byte & 15))
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A document that is text already, without the spaces between its tokens; as a string where it is no document.
  mutating func document(_ text: String) {
    guard !text.isEmpty else { return raw("null") }
    let start = bytes.count
    var text = text
    let isDocument = text.withUTF8 { source in
      var scanner = DocumentScanner(source: source)
      return scanner.copyDocument(into: &self)
    }
    guard !isDocument else { return }
    bytes.removeSubrange(start...)
    string(text)
  }

  fileprivate mutating func append(_ run: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: run) }
  fileprivate mutating func append(_ byte: UInt8) { bytes.append(byte) }

  private mutating func quoted(_ source: UnsafeBufferPointer<UInt8>) {
    var start = 0
    var index = 0
    while index < source.count {
      let byte = source[index]
      // The first byte of a C1 control is C2; most that begin so are none.
      guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F || byte == 0xC2
      else {
        index += 1
        continue
      }
      append(UnsafeBufferPointer(rebasing: source[start..<index]))
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        append(UInt8(ascii: "\\"))
        append(byte)
      case UInt8(ascii: "\n"): raw("\\n")
      case UInt8(ascii: "\r"): raw("\\r")
      case UInt8(ascii: "\t"): raw("\\t")
      case 0xC2:
        index += control(after: byte, in: source, at: index)
      default: escape(byte)
      }
      index += 1
      start = index
    }
    append(UnsafeBufferPointer(rebasing: source[start...]))
  }

  /// Writes the character that begins with C2, escaped if it is a C1 control.
  /// - Returns: how many bytes beyond the first it has.
  fileprivate mutating func control(after byte: UInt8, in source: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
    guard index + 1 < source.count else {
      append(byte)
      return 0
    }
    if (0x80...0x9F).contains(source[index + 1]) {
      escape(source[index + 1])
    } else {
      append(byte)
      append(source[index + 1])
    }
    return 1
  }

  /// `\u00XX`.
  fileprivate mutating func escape(_ byte: UInt8) {
    raw("\\u00")
    append(Self.digit(byte >> 4))
    append(Self.digit(byte & 15))
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}

/// Checks a document (RFC 8259, at most 64 levels deep) and copies it without the spaces between its tokens.
private struct DocumentScanner {
  let source: UnsafeBufferPointer<UInt8>
  private var index = 0

  init(source: UnsafeBufferPointer<UInt8>) { self.source = source }

  /// False when it is no document; what was copied until then is to be thrown away.
  mutating func copyDocument(into output: inout JSONBytes) -> Bool {
    guard copyValue(0, &output) else { return false }
    skipSpace()
    return index == source.count
  }

  private var next: UInt8? { index < source.count ? source[index] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
  }

  private mutating func take(_ byte: UInt8, _ output: inout JSONBytes) -> Bool {
    guard next == byte else { return false }
    index += 1
    output.append(byte)
    return true
  }

  private mutating func copyValue(_ depth: Int, _ output: inout JSONBytes) -> Bool {
    skipSpace()
    guard depth <= 64, let byte = next else { return false }
    switch byte {
    case UInt8(ascii: "\""): return copyString(&output)
    case UInt8(ascii: "{"): return copyMembers(depth, &output)
    case UInt8(ascii: "["): return copyElements(depth, &output)
    case UInt8(ascii: "t"): return copyWord("true", &output)
    case UInt8(ascii: "f"): return copyWord("false", &output)
    case UInt8(ascii: "n"): return copyWord("null", &output)
    default: return copyNumber(&output)
    }
  }

  private mutating func copyMembers(_ depth: Int, _ output: inout JSONBytes) -> Bool {
    guard take(UInt8(ascii: "{"), &output) else { return false }
    skipSpace()
    if take(UInt8(ascii: "}"), &output) { return true }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\""), copyString(&output) else { return false }
      skipSpace()
      guard take(UInt8(ascii: ":"), &output), copyValue(depth + 1, &output) else { return false }
      skipSpace()
    } while take(UInt8(ascii: ","), &output)
    return take(UInt8(ascii: "}"), &output)
  }

  private mutating func copyElements(_ depth: Int, _ output: inout JSONBytes) -> Bool {
    guard take(UInt8(ascii: "["), &output) else { return false }
    skipSpace()
    if take(UInt8(ascii: "]"), &output) { return true }
    repeat {
      guard copyValue(depth + 1, &output) else { return false }
      skipSpace()
    } while take(UInt8(ascii: ","), &output)
    return take(UInt8(ascii: "]"), &output)
  }

  private mutating func copyWord(_ word: StaticString, _ output: inout JSONBytes) -> Bool {
    let count = word.utf8CodeUnitCount
    guard source.count - index >= count else { return false }
    let isWord = word.withUTF8Buffer { $0.elementsEqual(source[index..<(index + count)]) }
    guard isWord else { return false }
    index += count
    output.raw(word)
    return true
  }

  private mutating func skipDigits() -> Bool {
    let start = index
    while let byte = next, (0x30...0x39).contains(byte) { index += 1 }
    return index > start
  }

  private mutating func copyNumber(_ output: inout JSONBytes) -> Bool {
    let start = index
    if next == UInt8(ascii: "-") { index += 1 }
    let isZero = next == 0x30
    if isZero { index += 1 } else if !skipDigits() { return false }
    if next == UInt8(ascii: ".") {
      index += 1
      guard skipDigits() else { return false }
    }
    if let byte = next, byte | 0x20 == UInt8(ascii: "e") {
      index += 1
      if let sign = next, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { index += 1 }
      guard skipDigits() else { return false }
    }
    output.append(UnsafeBufferPointer(rebasing: source[start..<index]))
    return true
  }

  private mutating func copyString(_ output: inout JSONBytes) -> Bool {
    var start = index
    index += 1
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        output.append(UnsafeBufferPointer(rebasing: source[start..<index]))
        return true
      case UInt8(ascii: "\\"):
        guard skipEscape() else { return false }
      case 0..<0x20: return false
      case 0x7F, 0xC2:
        output.append(UnsafeBufferPointer(rebasing: source[start..<index]))
        if byte == 0x7F { output.escape(byte) } else { index += output.control(after: byte, in: source, at: index) }
        index += 1
        start = index
      default: index += 1
      }
    }
    return false
  }

  private mutating func skipEscape() -> Bool {
    index += 1
    guard let byte = next else { return false }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return true
    case UInt8(ascii: "u"):
      guard let unit = skipHexadecimal() else { return false }
      // Halves of a pair come together or not at all.
      guard (0xD800..<0xE000).contains(unit) else { return true }
      guard unit < 0xDC00, next == UInt8(ascii: "\\") else { return false }
      index += 1
      guard next == UInt8(ascii: "u") else { return false }
      index += 1
      return skipHexadecimal().map { (0xDC00..<0xE000).contains($0) } ?? false
    default: return false
    }
  }

  private mutating func skipHexadecimal() -> UInt32? {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next else { return nil }
      switch byte {
      case 0x30...0x39: unit = unit << 4 | UInt32(byte - 0x30)
      case 0x41...0x46: unit = unit << 4 | UInt32(byte - 0x37)
      case 0x61...0x66: unit = unit << 4 | UInt32(byte - 0x57)
      default: return nil
      }
      index += 1
    }
    return unit
  }
}
