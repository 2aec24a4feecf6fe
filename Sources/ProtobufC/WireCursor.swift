internal import CProtobufC

/// How a field's content is delimited on the wire.
enum WireType: UInt8 {
  case varint = 0
  case eightBytes = 1
  case lengthPrefixed = 2
  case startGroup = 3
  case endGroup = 4
  case fourBytes = 5

  /// How a single value of a field type is sent.
  init(of type: ProtobufCType) {
    self = WireType(packable: type) ?? .lengthPrefixed
  }

  /// How the elements of a packed field are sent; nil for types that are never packed.
  init?(packable type: ProtobufCType) {
    switch type {
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_MESSAGE: return nil
    case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FLOAT: self = .fourBytes
    case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_DOUBLE: self = .eightBytes
    default: self = .varint
    }
  }
}

/// A place in wire bytes; every step says nil instead of going past the end.
struct WireCursor {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  /// A number of at most ten bytes, or nil where it is longer or cut short.
  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for position in 0..<10 {
      guard offset < bytes.count else { return nil }
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << UInt64(7 * position)
      if byte < 0x80 { return value }
    }
    return nil
  }

  /// The content of a field whose tag has just been read; nil where the bytes end before it does.
  ///
  /// A length goes into five bytes at most, which is what protobuf-c reads of one.
  mutating func content(_ wireType: WireType) -> UnsafeRawBufferPointer? {
    let start = offset
    switch wireType {
    case .varint: return varint().map { _ in UnsafeRawBufferPointer(rebasing: bytes[start..<offset]) }
    case .eightBytes: return take(8)
    case .fourBytes: return take(4)
    case .lengthPrefixed:
      guard let length = varint(), offset - start <= 5, length <= UInt64(bytes.count) else { return nil }
      return take(Int(length))
    case .startGroup, .endGroup: return nil
    }
  }

  /// How many elements a packed field holds; nil where the last one is cut short.
  func count(of element: WireType) -> Int? {
    switch element {
    case .eightBytes: return bytes.count % 8 == 0 ? bytes.count / 8 : nil
    case .fourBytes: return bytes.count % 4 == 0 ? bytes.count / 4 : nil
    default:
      var cursor = self
      var count = 0
      while !cursor.isAtEnd {
        guard cursor.varint() != nil else { return nil }
        count += 1
      }
      return count
    }
  }

  private mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
    guard count <= bytes.count - offset else { return nil }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }
}
