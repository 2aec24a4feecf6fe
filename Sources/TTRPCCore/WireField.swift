/// The little of protobuf's encoding that the envelopes need (protobuf.dev/programming-guides/encoding).
///
/// By hand, because the envelope is around every message: protobuf-c would copy the payload once more.
struct WireField {
  /// The field's number.
  let number: UInt64
  let content: Content

  enum Content {
    case varint(UInt64)
    /// Where in the message the content lies.
    case bytes(Range<Int>)
    /// Eight or four bytes, which no envelope field has.
    case fixed
  }

  /// Reads the field at `offset` and moves past it.
  static func next(in bytes: UnsafeRawBufferPointer, at offset: inout Int) throws(EnvelopeError) -> WireField {
    let tag = try varint(in: bytes, at: &offset)
    guard tag >> 3 != 0, tag <= UInt64(UInt32.max) else { throw EnvelopeError("has a field number that is none") }
    switch tag & 7 {
    case 0: return WireField(number: tag >> 3, content: .varint(try varint(in: bytes, at: &offset)))
    case 1: return try fixed(8, tag, in: bytes, at: &offset)
    case 5: return try fixed(4, tag, in: bytes, at: &offset)
    case 2:
      let length = try varint(in: bytes, at: &offset)
      guard length <= UInt64(bytes.count - offset) else { throw EnvelopeError("is cut short") }
      defer { offset += Int(length) }
      return WireField(number: tag >> 3, content: .bytes(offset..<offset + Int(length)))
    default: throw EnvelopeError("has a wire type that does not exist, or a group")
    }
  }

  private static func fixed(
    _ size: Int, _ tag: UInt64, in bytes: UnsafeRawBufferPointer, at offset: inout Int
  ) throws(EnvelopeError) -> WireField {
    guard size <= bytes.count - offset else { throw EnvelopeError("is cut short") }
    offset += size
    return WireField(number: tag >> 3, content: .fixed)
  }

  private static func varint(
    in bytes: UnsafeRawBufferPointer, at offset: inout Int
  ) throws(EnvelopeError) -> UInt64 {
    var value: UInt64 = 0
    for position in 0..<10 {
      guard offset < bytes.count else { throw EnvelopeError("is cut short") }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * position)
      if byte < 0x80 { return value }
    }
    throw EnvelopeError("has a number of more than ten bytes")
  }
}

/// Why bytes are no envelope; the end of a sentence about it.
public struct EnvelopeError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Writes fields one after the other. Sizes have been computed before: running over the end is a bug and traps.
struct WireFieldWriter {
  private let bytes: UnsafeMutableRawBufferPointer
  private(set) var offset = 0

  init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

  /// The size of a number as a varint.
  static func size(of value: UInt64) -> Int { max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7) }

  /// The size of a length-prefixed field with a one-byte tag and its content.
  static func size(ofField length: Int) -> Int { 1 + size(of: UInt64(length)) + length }

  mutating func varint(_ value: UInt64) {
    var value = value
    while value > 0x7F {
      bytes[offset] = UInt8(truncatingIfNeeded: value) | 0x80
      offset += 1
      value >>= 7
    }
    bytes[offset] = UInt8(value)
    offset += 1
  }

  /// The tag and length before a length-prefixed field's content.
  mutating func prefix(field number: UInt8, length: Int) {
    bytes[offset] = number << 3 | 2
    offset += 1
    varint(UInt64(length))
  }

  mutating func string(field number: UInt8, _ value: String) {
    var value = value
    value.withUTF8 { utf8 in
      prefix(field: number, length: utf8.count)
      UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyMemory(from: UnsafeRawBufferPointer(utf8))
      offset += utf8.count
    }
  }
}
