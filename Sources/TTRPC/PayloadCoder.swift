public import ProtobufC

/// How the messages of one type become payloads and back.
public struct PayloadCoder<Message: Sendable>: Sendable {
  /// Reads a payload in place: the bytes are gone when it returns.
  let decode: @Sendable (UnsafeRawBufferPointer) throws -> Message
  /// Asks once for as many bytes as the payload has, as the last thing that may throw, and fills them.
  let encode: @Sendable (Message, (Int) throws -> UnsafeMutableRawBufferPointer) throws -> Void
}

extension PayloadCoder where Message: ProtobufMessage {
  /// Messages by protobuf-c, packed straight into the frame they are sent in.
  public static func protobuf(_ codec: ProtobufCodec) -> PayloadCoder {
    PayloadCoder(
      decode: { bytes in try codec.decode(Message.self, from: bytes) },
      encode: { message, reserve in
        try codec.withPacked(message) { packed in packed.pack(into: try reserve(packed.count)) }
      })
  }
}

extension PayloadCoder where Message == [UInt8] {
  /// Payloads as they are.
  public static var bytes: PayloadCoder {
    PayloadCoder(
      decode: { bytes in Array(bytes) },
      encode: { message, reserve in try reserve(message.count).copyBytes(from: message) })
  }
}
