internal import CTTRPCProto
internal import ProtobufC
internal import TTRPCCore

/// Errors as they travel: `google.rpc.Status` with a `google.rpc.ErrorInfo` in its details.
struct StatusCoder {
  private let codec: ProtobufCodec
  /// The longest message that is sent; what is longer is cut, for an error must always fit its frame.
  private static let maximumMessage = 16 << 10
  private static let errorInfoURL = "type.googleapis.com/google.rpc.ErrorInfo"

  init(_ codec: ProtobufCodec) { self.codec = codec }

  /// The Response frame that ends a stream with an error.
  func frame(_ status: RPCStatus, for stream: StreamID, maximumLength: Int) -> [UInt8] {
    var envelope = ResponseEnvelope.error(status: encode(status))
    if envelope.count > maximumLength {
      envelope = ResponseEnvelope.error(status: encode(RPCStatus(status.code, status.message)))
    }
    return FrameEncoder.frame(stream: stream, type: .response, data: envelope)
  }

  private func encode(_ status: RPCStatus) -> [UInt8] {
    do throws(ProtobufError) {
      var wire = StatusMessage(code: status.code.rawValue, message: Self.cut(status.message))
      if let info = status.info {
        let value = try codec.encode(
          ErrorInfoMessage(reason: info.reason, domain: info.domain, metadata: info.metadata))
        wire.details = [AnyMessage(url: Self.errorInfoURL, value: value)]
      }
      return try codec.encode(wire)
    } catch {
      // A string with U+0000 cannot be sent; the code still can.
      return (try? codec.encode(StatusMessage(code: status.code.rawValue, message: "error without a text"))) ?? []
    }
  }

  private static func cut(_ message: String) -> String {
    guard message.utf8.count > maximumMessage else { return message }
    return String(decoding: message.utf8.prefix(maximumMessage), as: UTF8.self)
  }

  /// The status that a peer sent.
  func decode(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> RPCStatus {
    let wire = try codec.decode(StatusMessage.self, from: bytes)
    var status = RPCStatus(StatusCode(wire: wire.code), wire.message)
    // Only what follows the last slash names the type; details of other types are for other readers.
    if let detail = wire.details.first(where: { $0.typeName == "google.rpc.ErrorInfo" }) {
      let info = try codec.decode(ErrorInfoMessage.self, from: detail.value)
      status.info = ErrorInfo(reason: info.reason, domain: info.domain, metadata: info.metadata)
    }
    return status
  }
}

/// `google.rpc.Status`.
private struct StatusMessage: ProtobufMessage {
  var code: Int32
  var message: String
  var details: [AnyMessage] = []

  static let layout = ProtobufLayout(google__rpc__status__init)

  init(code: Int32, message: String) {
    self.code = code
    self.message = message
  }

  init(reading message: Google__Rpc__Status, with reader: ProtobufReader) throws(ProtobufError) {
    code = message.code
    self.message = reader.string(message.message)
    details = try reader.messages(message.details, count: message.n_details)
  }

  func write(into message: inout Google__Rpc__Status, with writer: ProtobufWriter) {
    message.code = code
    message.message = writer.string(self.message)
    (message.details, message.n_details) = writer.messages(details)
  }
}

/// `google.protobuf.Any`.
private struct AnyMessage: ProtobufMessage {
  var url: String
  var value: [UInt8]

  var typeName: Substring { url[(url.lastIndex(of: "/").map(url.index(after:)) ?? url.startIndex)...] }

  static let layout = ProtobufLayout(google__protobuf__any__init)

  init(url: String, value: [UInt8]) {
    self.url = url
    self.value = value
  }

  init(reading message: Google__Protobuf__Any, with reader: ProtobufReader) throws(ProtobufError) {
    url = reader.string(message.type_url)
    value = reader.bytes(message.value)
  }

  func write(into message: inout Google__Protobuf__Any, with writer: ProtobufWriter) {
    message.type_url = writer.string(url)
    message.value = writer.bytes(value)
  }
}

/// `google.rpc.ErrorInfo`.
private struct ErrorInfoMessage: ProtobufMessage {
  var reason: String
  var domain: String
  var metadata: [String: String]

  static let layout = ProtobufLayout(google__rpc__error_info__init)
  private static let entry = ProtobufLayout(google__rpc__error_info__metadata_entry__init)

  init(reason: String, domain: String, metadata: [String: String]) {
    self.reason = reason
    self.domain = domain
    self.metadata = metadata
  }

  init(reading message: Google__Rpc__ErrorInfo, with reader: ProtobufReader) throws(ProtobufError) {
    reason = reader.string(message.reason)
    domain = reader.string(message.domain)
    metadata = reader.map(message.metadata, count: message.n_metadata) {
      (reader.string($0.key), reader.string($0.value))
    }
  }

  func write(into message: inout Google__Rpc__ErrorInfo, with writer: ProtobufWriter) {
    message.reason = writer.string(reason)
    message.domain = writer.string(domain)
    (message.metadata, message.n_metadata) = writer.map(metadata, Self.entry) { entry, key, value in
      entry.key = writer.string(key)
      entry.value = writer.string(value)
    }
  }
}
