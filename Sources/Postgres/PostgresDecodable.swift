public import FoundationEssentials

/// What can be read from a column in PostgreSQL's binary format.
public protocol PostgresDecodable {
  /// The value; nil when the bytes of a column of that type (an object identifier of `pg_type`) are not one. `bytes` is
  /// nil for null.
  static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self?
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    guard bytes != nil else { return .some(nil) }
    return Wrapped.decode(bytes, type: type).map { .some($0) }
  }
}

extension UnsafeRawBufferPointer {
  /// The whole of it as one integer, most significant byte first; nil when it is of another size.
  func bigEndian<Integer: FixedWidthInteger>(_: Integer.Type = Integer.self) -> Integer? {
    guard count == MemoryLayout<Integer>.size else { return nil }
    return Integer(bigEndian: loadUnaligned(as: Integer.self))
  }
}

extension Bool: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    guard let bytes, type == PostgresType.bool, bytes.count == 1 else { return nil }
    return bytes[0] != 0
  }
}

extension Int64: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    switch type {
    case PostgresType.int8: bytes?.bigEndian(Int64.self)
    case PostgresType.int4: bytes?.bigEndian(Int32.self).map(Int64.init)
    case PostgresType.int2: bytes?.bigEndian(Int16.self).map(Int64.init)
    case PostgresType.oid: bytes?.bigEndian(UInt32.self).map(Int64.init)
    default: nil
    }
  }
}

extension Int: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    Int64.decode(bytes, type: type).map(Int.init)
  }
}

extension Int32: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    Int64.decode(bytes, type: type).flatMap(Int32.init(exactly:))
  }
}

extension Int16: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    Int64.decode(bytes, type: type).flatMap(Int16.init(exactly:))
  }
}

extension Double: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    guard type == PostgresType.float8 else { return nil }
    return bytes?.bigEndian(UInt64.self).map(Double.init(bitPattern:))
  }
}

extension String: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    guard let bytes else { return nil }
    switch type {
    case PostgresType.text, PostgresType.varchar, PostgresType.bpchar, PostgresType.name, PostgresType.json,
      PostgresType.char, PostgresType.unknown:
      return String(validating: bytes, as: UTF8.self)
    case PostgresType.jsonb:
      // One byte of version, then the text.
      guard bytes.first == 1 else { return nil }
      return String(validating: UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), as: UTF8.self)
    default:
      return nil
    }
  }
}

extension PostgresTimestamp: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    guard type == PostgresType.timestamptz else { return nil }
    return bytes?.bigEndian(Int64.self).map(Self.init(sinceYear2000:))
  }
}

extension UUID: PostgresDecodable {
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    guard let bytes, type == PostgresType.uuid, bytes.count == 16 else { return nil }
    return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
  }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
  /// An array of one dimension, or a `bytea` as `[UInt8]`.
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? {
    guard let bytes else { return nil }
    if type == PostgresType.bytea {
      guard Element.self == UInt8.self else { return nil }
      // The same type by another name. A conditional cast would go through the bytes one by one, which costs more than
      // all the rest of reading a row.
      return unsafeBitCast([UInt8](bytes), to: Self.self)
    }
    // array_send: dimensions, whether it has nulls, element type, then length and lower bound, then the elements.
    guard bytes.count >= 12, type == PostgresType.textArray || type == PostgresType.uuidArray else { return nil }
    func word(at offset: Int) -> Int32? {
      guard offset + 4 <= bytes.count else { return nil }
      return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
    guard let dimensions = word(at: 0), let elementType = word(at: 8) else { return nil }
    if dimensions == 0 { return [] }
    guard dimensions == 1, let count = word(at: 12), count >= 0 else { return nil }
    var elements: [Element] = []
    var offset = 20
    for _ in 0..<count {
      guard let length = word(at: offset) else { return nil }
      offset += 4
      let content: UnsafeRawBufferPointer?
      if length < 0 {
        content = nil
      } else {
        guard offset + Int(length) <= bytes.count else { return nil }
        content = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(length))])
        offset += Int(length)
      }
      guard let element = Element.decode(content, type: UInt32(bitPattern: elementType)) else { return nil }
      elements.append(element)
    }
    return elements
  }
}

extension UInt8: PostgresDecodable {
  /// Only as the element of `[UInt8]`, which reads a `bytea`.
  public static func decode(_ bytes: UnsafeRawBufferPointer?, type: UInt32) -> Self? { nil }
}
