/// What bytes amount to as the content of a C string.
enum TextCheck {
  case valid
  case invalidUTF8
  case holdsNUL

  /// Looks at every byte once; plain ASCII, the usual case, eight at a time.
  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    let raw = UnsafeRawBufferPointer(bytes)
    var offset = 0
    while raw.count - offset >= 8 {
      let word = raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      // The high bit of a byte is set in this where the byte is not ASCII, or is zero.
      if (word | ((word &- ones) & ~word)) & highs != 0 { break }
      offset += 8
    }
    while offset < raw.count, raw[offset] != 0, raw[offset] < 0x80 { offset += 1 }
    guard offset < raw.count else {
      self = .valid
      return
    }
    let rest = UnsafeBufferPointer(rebasing: bytes[offset...])
    if rest.contains(0) {
      self = .holdsNUL
    } else if (try? UTF8Span(validating: rest.span)) == nil {
      self = .invalidUTF8
    } else {
      self = .valid
    }
  }
}
