/// A key that was pressed, as far as this program knows any.
enum Key: Hashable, Sendable {
  case up, down, pageUp, pageDown, home, end
  case enter
  case character(Character)
  /// Ctrl-D: nothing more comes.
  case endOfInput
}

/// Makes keys of the bytes of a terminal, which may come in pieces.
///
/// Cursor keys are `ESC [ A` or, in application mode, `ESC O A` (ECMA-48, xterm's ctlseqs). What is not known is passed
/// over whole, so that no part of a function key's sequence is taken for a letter.
struct KeyDecoder: Sendable {
  private var pending: [UInt8] = []

  /// - Returns: the keys that are complete.
  mutating func decode(_ bytes: [UInt8]) -> [Key] {
    pending += bytes
    var keys: [Key] = []
    while let (key, count) = Self.next(pending[...]) {
      pending.removeFirst(count)
      if let key { keys.append(key) }
    }
    return keys
  }

  /// The first key and how many bytes it takes; no key for what is passed over; nil where more bytes are needed.
  private static func next(_ bytes: ArraySlice<UInt8>) -> (Key?, Int)? {
    guard let first = bytes.first else { return nil }
    switch first {
    case 0x1B: return sequence(bytes)
    case 0x0A, 0x0D: return (.enter, 1)
    case 0x04: return (.endOfInput, 1)
    case 0x0E: return (.down, 1)
    case 0x10: return (.up, 1)
    case 0x20...0x7E: return (.character(Character(Unicode.Scalar(first))), 1)
    default: return (nil, 1)
    }
  }

  private static func sequence(_ bytes: ArraySlice<UInt8>) -> (Key?, Int)? {
    guard bytes.count > 1 else { return nil }
    let second = bytes[bytes.startIndex + 1]
    guard second == UInt8(ascii: "[") || second == UInt8(ascii: "O") else {
      // ESC alone, and then a key.
      return (nil, 1)
    }
    // Parameters and intermediates, up to the final byte.
    let body = bytes.dropFirst(2)
    guard let final = body.firstIndex(where: { (0x40...0x7E).contains($0) }) else {
      return body.count > 16 ? (nil, bytes.count) : nil
    }
    let count = final - bytes.startIndex + 1
    switch (String(decoding: body[..<final], as: UTF8.self), bytes[final]) {
    case (_, UInt8(ascii: "A")): return (.up, count)
    case (_, UInt8(ascii: "B")): return (.down, count)
    case (_, UInt8(ascii: "H")), ("1", UInt8(ascii: "~")), ("7", UInt8(ascii: "~")): return (.home, count)
    case (_, UInt8(ascii: "F")), ("4", UInt8(ascii: "~")), ("8", UInt8(ascii: "~")): return (.end, count)
    case ("5", UInt8(ascii: "~")): return (.pageUp, count)
    case ("6", UInt8(ascii: "~")): return (.pageDown, count)
    default: return (nil, count)
    }
  }
}
