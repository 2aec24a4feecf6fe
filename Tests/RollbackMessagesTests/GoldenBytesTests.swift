import ProtobufC
import RollbackMessages
import Testing

@Suite("Messages on the wire")
struct GoldenBytesTests {
  @Test("every field goes where protoc puts it", arguments: Sample.all)
  func encodes(_ sample: Sample) throws {
    #expect(try sample.encoded() == sample.bytes)
  }

  @Test("every field comes back", arguments: Sample.all)
  func decodes(_ sample: Sample) throws {
    #expect(try sample.isDecoded(sample.bytes))
  }

  @Test("a message without fields has no bytes, and no bytes are a message", arguments: Sample.all)
  func isEmptyByDefault(_ sample: Sample) throws {
    #expect(try sample.recoded([]).isEmpty)
  }

  @Test("fields of a later version are passed over", arguments: Sample.all)
  func toleratesUnknownFields(_ sample: Sample) throws {
    let later = [UInt8](
      hex: """
        c03e 2a                     field 1000, varint
        ca3e 03 616263              field 1001, three bytes
        d13e 0102030405060708       field 1002, fixed64
        dd3e 01020304               field 1003, fixed32
        """.lines { $0.prefix { $0 != "f" } })
    #expect(try sample.isDecoded(sample.bytes + later))
    #expect(try sample.isDecoded(later + sample.bytes))
  }

  @Test("bytes that are cut short are refused or a shorter message, never more", arguments: Sample.all)
  func survivesTruncation(_ sample: Sample) {
    for length in 0..<sample.bytes.count {
      if let shorter = try? sample.recoded(Array(sample.bytes.prefix(length))) { #expect(shorter.count <= length) }
    }
  }

  @Test("a kind of frame that does not exist yet is no kind")
  func unknownFrameKind() throws {
    // seq = 7, field 9 = an empty message
    let frame = try ProtobufCodec().decode(RolloutFrame.self, from: [0x08, 0x07, 0x4A, 0x00])
    #expect(frame == RolloutFrame(seq: 7))
  }

  @Test("the last of several kinds of frame counts")
  func lastKindWins() throws {
    // progress {}, then finished {}
    let frame = try ProtobufCodec().decode(RolloutFrame.self, from: [0x22, 0x00, 0x2A, 0x00])
    #expect(frame.kind == .finished(RolloutFinished()))
  }

  @Test("an enum's value of a later version is kept as its number")
  func unknownEnumValues() throws {
    let bytes = try ProtobufCodec().encode(DeployRecord(status: DeployStatus(rawValue: 99)))
    #expect(bytes == [0x28, 0x63])
    let record = try ProtobufCodec().decode(DeployRecord.self, from: bytes)
    #expect(record.status.rawValue == 99)
    #expect(record.status.word == "unspecified")
    // -1 is ten bytes; as with any enum of proto3 it is a number like others.
    let negative = [UInt8](hex: "10 ffffffffffffffffff01")
    let finished = try ProtobufCodec().decode(RolloutFinished.self, from: negative)
    #expect(try ProtobufCodec().encode(finished) == negative)
  }
}

extension String {
  fileprivate func lines(_ part: (Substring) -> Substring) -> String {
    split(separator: "\n").map { String(part($0)) }.joined()
  }
}
