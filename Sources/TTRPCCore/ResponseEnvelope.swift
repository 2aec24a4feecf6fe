/// What ends a call that has one reply, or an error: `ttrpc.Response` of proto/ttrpc/request.proto.
public struct ResponseEnvelope: Hashable, Sendable {
  /// The encoded `google.rpc.Status`: where it lies in the frame's data. Absent on success.
  public private(set) var status: Range<Int>?
  /// The encoded reply.
  public private(set) var payload = 0..<0

  /// Reads an envelope in place.
  public init(_ bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
    var offset = 0
    while offset < bytes.count {
      let field = try WireField.next(in: bytes, at: &offset)
      switch (field.number, field.content) {
      case (1, .bytes(let range)):
        // Twice would have to be merged, which no sender asks for.
        guard status == nil else { throw EnvelopeError("has two statuses") }
        status = range
      case (2, .bytes(let range)): payload = range
      case (1...2, _): throw EnvelopeError("has a field of another kind")
      default: break
      }
    }
  }

  /// Bytes before a payload of `count` bytes. An empty payload has no field.
  static func payloadPrefixSize(_ count: Int) -> Int { count == 0 ? 0 : WireFieldWriter.size(ofField: count) - count }

  static func writePayloadPrefix(_ count: Int, to bytes: UnsafeMutableRawBufferPointer) {
    guard count > 0 else { return }
    var writer = WireFieldWriter(bytes)
    writer.prefix(field: 2, length: count)
  }

  /// The envelope of an error.
  ///
  /// - Parameter status: the encoded `google.rpc.Status`.
  public static func error(status: [UInt8]) -> [UInt8] {
    let size = WireFieldWriter.size(ofField: status.count)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      var writer = WireFieldWriter(UnsafeMutableRawBufferPointer(buffer))
      writer.prefix(field: 1, length: status.count)
      for (index, byte) in status.enumerated() { buffer[writer.offset + index] = byte }
      count = size
    }
  }
}
