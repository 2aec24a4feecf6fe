/// Lays out frames in memory that the caller provides.
///
/// Payloads are not touched: each method writes what goes before (or after) one, so that a message can be packed
/// straight into the place it is sent from. Where a method's name ends in `size`, it says how many bytes that is.
public enum FrameEncoder {
  /// Bytes before the payload of a successful Response: the header and, unless the payload is empty, its tag.
  public static func responsePrefixSize(payload: Int) -> Int {
    FrameHeader.size + ResponseEnvelope.payloadPrefixSize(payload)
  }

  /// Writes the header and envelope of a successful Response; `payload` bytes are to follow.
  public static func writeResponsePrefix(
    stream: StreamID, payload: Int, to bytes: UnsafeMutableRawBufferPointer
  ) {
    let envelope = ResponseEnvelope.payloadPrefixSize(payload)
    FrameHeader(length: envelope + payload, stream: stream, type: .response).write(to: bytes)
    ResponseEnvelope.writePayloadPrefix(
      payload, to: UnsafeMutableRawBufferPointer(rebasing: bytes[FrameHeader.size...]))
  }

  /// A frame as an array, for when it is small and rare.
  public static func frame(
    stream: StreamID, type: MessageType, flags: Flags = [], data: [UInt8] = []
  ) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: FrameHeader.size + data.count) { buffer, count in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      FrameHeader(length: data.count, stream: stream, type: type, flags: flags).write(to: bytes)
      UnsafeMutableRawBufferPointer(rebasing: bytes[FrameHeader.size...]).copyBytes(from: data)
      count = FrameHeader.size + data.count
    }
  }
}
