internal import CProtobufC

/// Looks through the wire bytes of a message before protobuf-c may see them.
///
/// protobuf-c 1.4 recurses without limit, merges repeated singular sub-messages in quadratic time, accepts strings
/// that are no strings, and allocates up to 56 bytes for each byte it is given. The scan walks the same bytes by the
/// message's own descriptor, allocates nothing, recurses at most ``ProtobufLimits/maximumDepth`` deep, and refuses
/// what would do harm. Encoding: protobuf.dev/programming-guides/encoding.
struct WireScanner {
  private let limits: ProtobufLimits
  private let budget: Int
  /// Memory that unpacking what was scanned so far will take, a little over-estimated.
  private var cost = 0

  /// Checks `bytes` as a whole message.
  static func check(
    _ bytes: UnsafeRawBufferPointer, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>, limits: ProtobufLimits
  ) throws(ProtobufError) {
    guard bytes.count <= limits.maximumBytes else {
      throw ProtobufError(
        .tooLarge, field: descriptor.fullName, "has \(bytes.count) bytes, more than the \(limits.maximumBytes) allowed")
    }
    var scanner = WireScanner(limits: limits, budget: limits.memory(forLength: bytes.count))
    try scanner.scan(WireCursor(bytes), descriptor, depth: 0)
  }

  private init(limits: ProtobufLimits, budget: Int) {
    self.limits = limits
    self.budget = budget
  }

  private mutating func scan(
    _ bytes: WireCursor, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int
  ) throws(ProtobufError) {
    var cursor = bytes
    var seen = SeenFields(count: Int(descriptor.pointee.n_fields))
    var fields = 0
    try charge(descriptor.pointee.sizeof_message + 16, descriptor, nil)

    while !cursor.isAtEnd {
      guard let tag = cursor.varint(), tag <= UInt64(UInt32.max), tag >> 3 != 0 else {
        throw error(.malformed, descriptor, nil, "has a field number that is none")
      }
      let field = descriptor.field(UInt32(truncatingIfNeeded: tag >> 3))
      // protobuf-c notes each field in 32 bytes: the first 16 on its stack, the others in arrays that double.
      fields += 1
      if fields > 16 { try charge(64, descriptor, field?.pointer) }
      guard let wireType = WireType(rawValue: UInt8(tag & 7)) else {
        throw error(.malformed, descriptor, field?.pointer, "has a wire type that does not exist")
      }
      guard wireType != .startGroup, wireType != .endGroup else {
        throw error(.group, descriptor, field?.pointer, "is a group")
      }
      guard let content = cursor.content(wireType) else {
        throw error(.truncated, descriptor, field?.pointer, "is cut short or no number")
      }
      guard let field else {
        try charge(32 + content.count, descriptor, nil)  // unknown: kept as it is
        continue
      }
      try check(content, wireType, field, &seen, descriptor, depth: depth)
    }
  }

  /// Checks one known field.
  private mutating func check(
    _ content: UnsafeRawBufferPointer, _ wireType: WireType, _ field: FieldReference, _ seen: inout SeenFields,
    _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int
  ) throws(ProtobufError) {
    let type = field.pointer.pointee.type
    let repeated = field.pointer.pointee.label == PROTOBUF_C_LABEL_REPEATED
    guard wireType == WireType(of: type) else {
      guard repeated, wireType == .lengthPrefixed, let element = WireType(packable: type) else {
        throw error(.wireTypeMismatch, descriptor, field.pointer, "has the wire type of another kind of field")
      }
      guard let count = WireCursor(content).count(of: element) else {
        throw error(.truncated, descriptor, field.pointer, "is cut short or no number")
      }
      return try charge(8 * count, descriptor, field.pointer)
    }
    if repeated { try charge(16, descriptor, field.pointer) }

    switch type {
    case PROTOBUF_C_TYPE_STRING:
      try charge(content.count + 16, descriptor, field.pointer)
      switch TextCheck(content.assumingMemoryBound(to: UInt8.self)) {
      case .valid: break
      case .invalidUTF8: throw error(.invalidUTF8, descriptor, field.pointer, "is not UTF-8")
      case .holdsNUL: throw error(.nulInString, descriptor, field.pointer, "holds U+0000")
      }
    case PROTOBUF_C_TYPE_BYTES:
      try charge(content.count + 16, descriptor, field.pointer)
    case PROTOBUF_C_TYPE_MESSAGE:
      if !repeated, !seen.insert(field.index) {
        throw error(.duplicateMessage, descriptor, field.pointer, "came twice")
      }
      guard depth < limits.maximumDepth else {
        throw error(.tooDeep, descriptor, field.pointer, "is nested deeper than \(limits.maximumDepth)")
      }
      // For a field of type MESSAGE, `descriptor` is that message's descriptor (protobuf-c.h).
      guard let inner = field.pointer.pointee.descriptor else { return }
      let innerDescriptor = inner.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
      try scan(WireCursor(content), innerDescriptor, depth: depth + 1)
    default:
      break
    }
  }

  private mutating func charge(
    _ bytes: Int, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    _ field: UnsafePointer<ProtobufCFieldDescriptor>?
  ) throws(ProtobufError) {
    cost += bytes
    guard cost <= budget else {
      throw error(.tooCostly, descriptor, field, "brings the message to more memory than its length may ask for")
    }
  }

  @inline(never)
  private func error(
    _ code: ProtobufError.Code, _ descriptor: UnsafePointer<ProtobufCMessageDescriptor>,
    _ field: UnsafePointer<ProtobufCFieldDescriptor>?, _ message: String
  ) -> ProtobufError {
    guard let name = field?.pointee.name else { return ProtobufError(code, field: descriptor.fullName, message) }
    return ProtobufError(code, field: "\(descriptor.fullName).\(String(cString: name))", message)
  }
}

/// One field of a descriptor, and its place there.
struct FieldReference {
  let pointer: UnsafePointer<ProtobufCFieldDescriptor>
  let index: Int
}

extension UnsafePointer<ProtobufCMessageDescriptor> {
  /// The field of that number, or nil where the message has none.
  ///
  /// `fields` is sorted by number; `field_ranges` lists the runs of consecutive numbers and ends with a dummy, so
  /// that the length of a run is the next one's `orig_index` minus its own (protobuf-c.h, "ProtobufCIntRange").
  func field(_ number: UInt32) -> FieldReference? {
    guard let ranges = pointee.field_ranges, let fields = pointee.fields else { return nil }
    for position in 0..<Int(pointee.n_field_ranges) {
      let offset = Int64(number) - Int64(ranges[position].start_value)
      guard offset >= 0 else { return nil }
      let first = Int64(ranges[position].orig_index)
      if offset < Int64(ranges[position + 1].orig_index) - first {
        return FieldReference(pointer: fields + Int(first + offset), index: Int(first + offset))
      }
    }
    return nil
  }
}

/// Which fields of one message have been met.
struct SeenFields {
  private var low: UInt64 = 0
  /// For messages of more than 64 fields.
  private var high: [Bool]

  init(count: Int) { high = count > 64 ? Array(repeating: false, count: count - 64) : [] }

  /// Notes a field; false if it had been noted before.
  mutating func insert(_ index: Int) -> Bool {
    guard index < 64 else {
      defer { high[index - 64] = true }
      return !high[index - 64]
    }
    defer { low |= 1 << UInt64(index) }
    return low & (1 << UInt64(index)) == 0
  }
}
