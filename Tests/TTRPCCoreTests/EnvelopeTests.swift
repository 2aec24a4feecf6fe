import TTRPCCore
import Testing

@Suite struct RequestEnvelopeTests {
  /// Recorded from Go's client (`unary-deadline`).
  static let golden: [UInt8] =
    [0x0A, 13] + Array("bench.Deploys".utf8)  // service
    + [0x12, 4] + Array("List".utf8)  // method
    + [0x1A, 8, 0x0A, 4, 0x73, 0x6C, 0x6F, 0x77, 0x10, 0x14]  // payload: app_id "slow", limit 20
    + [0x20, 0xB6, 0xB9, 0x82, 0x8F, 0x01]  // timeout_nano 299932854

  @Test func readsInPlace() throws {
    let envelope = try RequestEnvelope(Self.golden)
    #expect(Self.golden.text(envelope.service) == "bench.Deploys")
    #expect(Self.golden.text(envelope.method) == "List")
    #expect(Self.golden[envelope.payload] == [0x0A, 4, 0x73, 0x6C, 0x6F, 0x77, 0x10, 0x14])
    #expect(envelope.timeoutNanoseconds == 299_932_854)
    #expect(envelope.metadata.isEmpty)
  }

  @Test func writesAroundThePayload() {
    let head = RequestHead(service: "bench.Deploys", method: "List", timeoutNanoseconds: 299_932_854)
    #expect(head.bytes(payload: [0x0A, 4, 0x73, 0x6C, 0x6F, 0x77, 0x10, 0x14]) == Self.golden)
  }

  @Test func metadataKeepsItsOrderAndLowersItsKeys() throws {
    let bytes: [UInt8] =
      [0x2A, 10, 0x0A, 5] + Array("Roles".utf8) + [0x12, 1, 0x61]  // Roles: a
      + [0x2A, 10, 0x0A, 5] + Array("roles".utf8) + [0x12, 1, 0x62]  // roles: b
      + [0x2A, 3, 0x0A, 1, 0x6B]  // k: (empty)
    let metadata = try RequestEnvelope(bytes).metadata
    #expect(metadata.values(for: "ROLES") == ["a", "b"])
    #expect(metadata["roles"] == "a")
    #expect(metadata["k"]?.isEmpty == true)
    #expect(metadata["none"] == nil)
    #expect(metadata.map(\.key) == ["roles", "roles", "k"])
  }

  @Test func metadataIsWrittenAfterThePayload() throws {
    let head = RequestHead(service: "s", method: "m", timeoutNanoseconds: -1, metadata: ["A": "1", "b": "", "a": "2"])
    let bytes = head.bytes(payload: [0xEE])
    #expect(
      bytes == [
        0x0A, 1, 0x73,  // service
        0x12, 1, 0x6D,  // method
        0x1A, 1, 0xEE,  // payload
        0x20, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01,  // timeout_nano -1
        0x2A, 6, 0x0A, 1, 0x61, 0x12, 1, 0x31,  // a: 1
        0x2A, 3, 0x0A, 1, 0x62,  // b: (empty)
        0x2A, 6, 0x0A, 1, 0x61, 0x12, 1, 0x32,  // a: 2
      ])
    #expect(try RequestEnvelope(bytes).metadata == head.metadata)
    #expect(try RequestEnvelope(bytes).timeoutNanoseconds == -1)
  }

  @Test func noBytesAreAnEmptyEnvelope() throws {
    let envelope = try RequestEnvelope([])
    #expect(envelope.service.isEmpty && envelope.method.isEmpty && envelope.payload.isEmpty)
  }

  @Test func unknownFieldsAreSkippedAndTheLastOfTwoCounts() throws {
    let bytes: [UInt8] = [0x0A, 1, 0x61, 0x32, 1, 0xFF, 0x3D, 0, 0, 0, 0, 0x41, 0, 0, 0, 0, 0, 0, 0, 0, 0x0A, 1, 0x62]
    #expect(bytes.text(try RequestEnvelope(bytes).service) == "b")
  }

  static let refused: [[UInt8]] = [
    [0xFF, 0xFF, 0xFF],  // recorded: raw-bad-envelope
    [0x0A, 5, 0x61],  // a string longer than the rest
    [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],  // … by 2^64
    [0x08, 1],  // service as a number
    [0x22, 1, 0],  // timeout as bytes
    [0x0B, 0x0C],  // a group
    [0x0F],  // wire type 7
    [0x00, 0x00],  // field 0
    [0x3D, 0, 0],  // four bytes, of which two are missing
    [0x20] + Array(repeating: 0x80, count: 10) + [0],  // a varint of eleven bytes
    [0x2A, 3, 0x0A, 1, 0x00],  // a key that is U+0000
    [0x2A, 3, 0x12, 1, 0xFF],  // a value that is not UTF-8
    [0x2A, 2, 0x0A, 9],  // a key longer than its entry
  ]

  @Test(arguments: refused) func refuses(_ bytes: [UInt8]) {
    #expect(throws: EnvelopeError.self) { try RequestEnvelope(bytes) }
  }

  @Test func refusesMoreMetadataThanAnybodySends() throws {
    let entry: [UInt8] = [0x2A, 3, 0x0A, 1, 0x6B]
    let most = Array(repeatElement(entry, count: RequestEnvelope.maximumMetadata).joined())
    #expect(try RequestEnvelope(most).metadata.count == RequestEnvelope.maximumMetadata)
    #expect(throws: EnvelopeError.self) { try RequestEnvelope(most + entry) }
  }
}

@Suite struct ResponseEnvelopeTests {
  @Test func successHasOnlyAPayload() throws {
    let envelope = try ResponseEnvelope([0x12, 2, 7, 8])
    #expect(envelope.status == nil)
    #expect(envelope.payload == 2..<4)
  }

  @Test func noBytesAreAnEmptySuccess() throws {
    let envelope = try ResponseEnvelope([])
    #expect(envelope.status == nil && envelope.payload.isEmpty)
  }

  @Test func anErrorHasAStatus() throws {
    let bytes = ResponseEnvelope.error(status: [0x08, 5])
    #expect(bytes == [0x0A, 2, 0x08, 5])
    #expect(try ResponseEnvelope(bytes).status == 2..<4)
  }

  @Test func aPresentButEmptyStatusIsPresent() throws {
    #expect(try ResponseEnvelope([0x0A, 0]).status == 2..<2)
  }

  @Test(arguments: [[0x0A, 0, 0x0A, 0], [0x08, 1], [0x12, 3], [0x13]] as [[UInt8]])
  func refuses(_ bytes: [UInt8]) {
    #expect(throws: EnvelopeError.self) { try ResponseEnvelope(bytes) }
  }

  @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, 4 << 20])
  func aPrefixHoldsTheHeaderAndThePayloadsTag(payload: Int) throws {
    let size = FrameEncoder.responsePrefixSize(payload: payload)
    var bytes = [UInt8](repeating: 0, count: size + payload)
    bytes.withUnsafeMutableBytes { FrameEncoder.writeResponsePrefix(stream: StreamID(7), payload: payload, to: $0) }
    var decoder = FrameDecoder(maximumLength: 8 << 20)
    let header = FrameHeader(length: bytes.count - 10, stream: StreamID(7), type: .response)
    #expect(decoder.step(bytes) == .frame(header, data: 10..<bytes.count))
    #expect(try ResponseEnvelope(Array(bytes[10...])).payload.count == payload)
  }
}

extension RequestEnvelope {
  init(_ bytes: [UInt8]) throws { self = try bytes.withUnsafeBytes { try RequestEnvelope($0) } }
}

extension ResponseEnvelope {
  init(_ bytes: [UInt8]) throws { self = try bytes.withUnsafeBytes { try ResponseEnvelope($0) } }
}

extension RequestHead {
  func bytes(payload: [UInt8]) -> [UInt8] {
    let sizes = sizes(payload: payload.count)
    var before = [UInt8](repeating: 0, count: sizes.before)
    var after = [UInt8](repeating: 0, count: sizes.after)
    before.withUnsafeMutableBytes { writeBefore(payload: payload.count, to: $0) }
    after.withUnsafeMutableBytes { writeAfter(to: $0) }
    return before + payload + after
  }
}

extension [UInt8] {
  func text(_ range: Range<Int>) -> String { String(decoding: self[range], as: UTF8.self) }
}
