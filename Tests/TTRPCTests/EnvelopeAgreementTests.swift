import CTTRPCProto
import ProtobufC
import TTRPCCore
import Testing

@testable import TTRPC

/// `ttrpc.Request` by protobuf-c, to which the hand-written envelope must be the same.
private struct WireRequest: ProtobufMessage {
  var service: String
  var method: String
  var payload: [UInt8]
  var timeout: Int64
  var metadata: [WireKeyValue]

  static let layout = ProtobufLayout(ttrpc__request__init)

  init(service: String, method: String, payload: [UInt8], timeout: Int64, metadata: [WireKeyValue]) {
    self.service = service
    self.method = method
    self.payload = payload
    self.timeout = timeout
    self.metadata = metadata
  }

  init(reading message: Ttrpc__Request, with reader: ProtobufReader) throws(ProtobufError) {
    service = reader.string(message.service)
    method = reader.string(message.method)
    payload = reader.bytes(message.payload)
    timeout = message.timeout_nano
    metadata = try reader.messages(message.metadata, count: message.n_metadata)
  }

  func write(into message: inout Ttrpc__Request, with writer: ProtobufWriter) {
    message.service = writer.string(service)
    message.method = writer.string(method)
    message.payload = writer.bytes(payload)
    message.timeout_nano = timeout
    (message.metadata, message.n_metadata) = writer.messages(metadata)
  }
}

private struct WireKeyValue: ProtobufMessage {
  var key: String
  var value: String

  static let layout = ProtobufLayout(ttrpc__key_value__init)

  init(key: String, value: String) {
    self.key = key
    self.value = value
  }

  init(reading message: Ttrpc__KeyValue, with reader: ProtobufReader) throws(ProtobufError) {
    key = reader.string(message.key)
    value = reader.string(message.value)
  }

  func write(into message: inout Ttrpc__KeyValue, with writer: ProtobufWriter) {
    message.key = writer.string(key)
    message.value = writer.string(value)
  }
}

@Suite struct EnvelopeAgreementTests {
  struct Case: Sendable {
    let service: String
    let method: String
    let payload: Int
    let timeout: Int64
    let metadata: [[String]]
  }

  static let cases = [
    Case(service: "", method: "", payload: 0, timeout: 0, metadata: []),
    Case(service: "bench.Deploys", method: "List", payload: 8, timeout: 0, metadata: []),
    Case(service: "s", method: "m", payload: 127, timeout: 1, metadata: [["k", "v"]]),
    Case(service: "s", method: "m", payload: 128, timeout: -1, metadata: [["k", ""], ["", "v"], ["k", "ü"]]),
    Case(
      service: String(repeating: "s", count: 300), method: "m", payload: 70_000, timeout: .max,
      metadata: [[String(repeating: "k", count: 200), String(repeating: "v", count: 20_000)]]),
  ]

  @Test(arguments: cases) func theHandWrittenEnvelopeIsProtobufs(_ envelope: Case) throws {
    let codec = ProtobufCodec()
    let payload = (0..<envelope.payload).map { UInt8(truncatingIfNeeded: $0) }
    var metadata = Metadata()
    for entry in envelope.metadata { metadata.append(entry[1], for: entry[0]) }
    let wire = try codec.encode(
      WireRequest(
        service: envelope.service, method: envelope.method, payload: payload, timeout: envelope.timeout,
        metadata: envelope.metadata.map { WireKeyValue(key: $0[0], value: $0[1]) }))

    let head = RequestHead(
      service: envelope.service, method: envelope.method, timeoutNanoseconds: envelope.timeout, metadata: metadata)
    let sizes = head.sizes(payload: payload.count)
    var ours = [UInt8](repeating: 0, count: sizes.before) + payload + [UInt8](repeating: 0, count: sizes.after)
    ours.withUnsafeMutableBytes { bytes in
      head.writeBefore(payload: payload.count, to: bytes)
      head.writeAfter(to: UnsafeMutableRawBufferPointer(rebasing: bytes[(bytes.count - sizes.after)...]))
    }
    #expect(ours == wire)

    let read = try wire.withUnsafeBytes { try RequestEnvelope($0) }
    #expect(String(decoding: wire[read.service], as: UTF8.self) == envelope.service)
    #expect(String(decoding: wire[read.method], as: UTF8.self) == envelope.method)
    #expect(Array(wire[read.payload]) == payload)
    #expect(read.timeoutNanoseconds == envelope.timeout)
    #expect(read.metadata == metadata)
  }
}
