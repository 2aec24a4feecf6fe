import TTRPCCore
import Testing

@Suite struct FrameDecoderTests {
  /// A Request of five bytes on stream 3.
  static let frame: [UInt8] = [
    0, 0, 0, 5,  // length
    0, 0, 0, 3,  // stream id
    1,  // type: request
    2,  // flags: remote open
    9, 8, 7, 6, 5,  // data
  ]
  static let header = FrameHeader(length: 5, stream: StreamID(3), type: .request, flags: .remoteOpen)

  @Test func readsAHeaderAndWhereItsDataLies() {
    var decoder = FrameDecoder()
    #expect(decoder.step(Self.frame) == .frame(Self.header, data: 10..<15))
  }

  @Test func writesTheHeaderThatItReads() {
    #expect(
      FrameEncoder.frame(stream: StreamID(3), type: .request, flags: .remoteOpen, data: [9, 8, 7, 6, 5]) == Self.frame)
  }

  @Test(arguments: 0..<15) func asksForWhatIsMissing(count: Int) {
    var decoder = FrameDecoder()
    let expected = count < 10 ? 10 : 15
    #expect(decoder.step(Array(Self.frame.prefix(count))) == .needMore(atLeast: expected))
    #expect(decoder.isWithinFrame(unconsumed: count) == (count > 0))
  }

  @Test func aFrameWithoutDataIsWhole() {
    var decoder = FrameDecoder()
    let end = FrameEncoder.frame(stream: StreamID(1), type: .data, flags: .end)
    #expect(end == [0, 0, 0, 0, 0, 0, 0, 1, 3, 5])
    #expect(
      decoder.step(end) == .frame(FrameHeader(length: 0, stream: StreamID(1), type: .data, flags: .end), data: 10..<10))
  }

  @Test func bytesAfterAFrameAreLeftAlone() {
    var decoder = FrameDecoder()
    #expect(decoder.step(Self.frame + Self.frame) == .frame(Self.header, data: 10..<15))
  }

  @Test func theLongestFrameIsAFrame() {
    var decoder = FrameDecoder()
    let bytes: [UInt8] = [0x00, 0x40, 0x00, 0x00, 0, 0, 0, 1, 1, 0]
    #expect(decoder.step(bytes) == .needMore(atLeast: 4 << 20 + 10))
  }

  @Test func aFrameAboveTheLimitIsReportedOnceAndSkippedInPieces() {
    var decoder = FrameDecoder(maximumLength: 4)
    #expect(decoder.step(Self.frame) == .oversized(Self.header))
    #expect(decoder.step([]) == .needMore(atLeast: 1))
    #expect(decoder.isWithinFrame(unconsumed: 0))
    #expect(decoder.step([9, 8]) == .skip(2))
    #expect(decoder.step([7, 6, 5, 0, 0, 0, 0]) == .skip(3))
    #expect(!decoder.isWithinFrame(unconsumed: 0))
    let next = FrameHeader(length: 0, stream: StreamID(5), type: .data)
    #expect(decoder.step([0, 0, 0, 0, 0, 0, 0, 5, 3, 0]) == .frame(next, data: 10..<10))
  }

  @Test func aLengthWithItsFirstByteSetIsAViolationForGood() {
    var decoder = FrameDecoder()
    let violation = FrameDecoder.Step.violation(.absurdLength(0x0100_0000))
    #expect(decoder.step([1, 0, 0, 0, 0, 0, 0, 1, 1, 0]) == violation)
    #expect(decoder.step(Self.frame) == violation)
  }

  @Test func oneByteLessThanThatIsSkipped() {
    var decoder = FrameDecoder()
    let header = FrameHeader(length: 0x00FF_FFFF, stream: StreamID(1), type: .request)
    #expect(decoder.step([0, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 1, 0]) == .oversized(header))
  }
}

extension FrameDecoder {
  mutating func step(_ bytes: [UInt8]) -> Step {
    bytes.withUnsafeBytes { next(in: $0) }
  }
}
