import ProtobufC
import Testing

@Suite struct ProtobufCodecTests {
  let codec = ProtobufCodec()

  private func full() -> Everything {
    var value = Everything()
    value.text = "héllo"
    value.blob = [0, 1, 255]
    value.flag = true
    value.colour = 2
    value.leaf = Leaf(name: "inner", number: -1, counts: [1, 300])
    value.leaves = [Leaf(name: "a"), Leaf(), Leaf(number: 7)]
    value.words = ["one", "", "three"]
    value.labels = ["b": "2", "a": "1"]
    value.result = .success(Leaf(name: "won"))
    value.zigzag = -3
    value.fixedBig = .max
    value.ratio = 0.5
    value.blobs = [[1], [], [2, 3]]
    value.sparse = 1 << 40
    return value
  }

  @Test func everyShapeOfFieldSurvivesTheRoundTrip() throws {
    let bytes = try codec.encode(full())
    #expect(try codec.decode(Everything.self, from: bytes) == full())
  }

  @Test func theDefaultValueHasNoBytes() throws {
    #expect(try codec.encode(Everything()) == [])
    #expect(try codec.decode(Everything.self, from: []) == Everything())
  }

  @Test func goldenBytesOfALeaf() throws {
    let golden: [UInt8] = [
      0x0A, 0x02, 0x68, 0x69,  // name = "hi"
      0x10, 0x96, 0x01,  // number = 150
      0x1A, 0x03, 0x01, 0xAC, 0x02,  // counts = [1, 300], packed
    ]
    #expect(try codec.encode(Leaf(name: "hi", number: 150, counts: [1, 300])) == golden)
    #expect(try codec.decode(Leaf.self, from: golden) == Leaf(name: "hi", number: 150, counts: [1, 300]))
  }

  @Test func repeatedNumbersMayComeUnpacked() throws {
    #expect(try codec.decode(Leaf.self, from: [0x18, 0x05, 0x18, 0x06]).counts == [5, 6])
  }

  @Test func unknownFieldsAreSkipped() throws {
    // Field 15, each wire type that exists: varint, eight bytes, length-prefixed, four bytes.
    let bytes: [UInt8] = [0x78, 0x01, 0x79, 0, 0, 0, 0, 0, 0, 0, 0, 0x7A, 0x01, 0xFF, 0x7D, 0, 0, 0, 0, 0x10, 0x02]
    #expect(try codec.decode(Leaf.self, from: bytes) == Leaf(number: 2))
  }

  @Test func ofARepeatedMapKeyTheLastOneWins() throws {
    let one: [UInt8] = [0x42, 0x06, 0x0A, 0x01, 0x6B, 0x12, 0x01, 0x31]
    let two: [UInt8] = [0x42, 0x06, 0x0A, 0x01, 0x6B, 0x12, 0x01, 0x32]
    let bytes = one + two
    #expect(try codec.decode(Everything.self, from: bytes).labels == ["k": "2"])
  }

  @Test func aStringThatHoldsNULIsNotSentCutShort() {
    #expect {
      try codec.encode(Leaf(name: "a\0b"))
    } throws: { error in
      (error as? ProtobufError)?.code == .nulInString && (error as? ProtobufError)?.field == "testing.Leaf"
    }
  }

  @Test func packingGoesStraightIntoTheGivenBytes() throws {
    var output = [UInt8](repeating: 0xEE, count: 6)
    try codec.withPacked(Leaf(name: "hi")) { message in
      #expect(message.count == 4)
      output.withUnsafeMutableBytes { bytes in
        message.pack(into: UnsafeMutableRawBufferPointer(rebasing: bytes[1..<5]))
      }
    }
    #expect(output == [0xEE, 0x0A, 0x02, 0x68, 0x69, 0xEE])
  }

  @Test func aMessageBeyondTheFirstBlockOfTheArenaIsWhole() throws {
    var value = Everything()
    value.leaves = (0..<5_000).map { Leaf(name: "leaf number \($0)", number: Int64($0)) }
    let bytes = try codec.encode(value)
    #expect(try codec.decode(Everything.self, from: bytes) == value)
    #expect(try codec.decode(Leaf.self, from: [0x10, 0x02]) == Leaf(number: 2))
  }

  @Test func codingFromManyTasksAtOnce() async throws {
    let value = full()
    let bytes = try codec.encode(value)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<200 where try codec.decode(Everything.self, from: codec.encode(value)) != value { return false }
          return try codec.encode(value) == bytes
        }
      }
      for try await equal in group { #expect(equal) }
    }
  }
}
