import ProtobufC
import RollbackTestKit
import Testing

/// What the scan refuses, and how soon.
@Suite struct WireScannerTests {
  let codec = ProtobufCodec()

  struct Refusal: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let bytes: [UInt8]
    let code: ProtobufError.Code
    let field: String

    init(_ description: String, _ bytes: [UInt8], _ code: ProtobufError.Code, _ field: String) {
      testDescription = description
      self.bytes = bytes
      self.code = code
      self.field = field
    }
  }

  static let refusals = [
    Refusal("a lone continuation byte", [0x0A, 0x01, 0x80], .invalidUTF8, "testing.Everything.text"),
    Refusal("a surrogate in UTF-8", [0x0A, 0x03, 0xED, 0xA0, 0x80], .invalidUTF8, "testing.Everything.text"),
    Refusal(
      "bad UTF-8 after eight good bytes", [0x0A, 0x09] + Array("deployed".utf8) + [0xFF], .invalidUTF8,
      "testing.Everything.text"),
    Refusal("NUL in a string", [0x0A, 0x03, 0x61, 0x00, 0x62], .nulInString, "testing.Everything.text"),
    Refusal("NUL in a repeated string", [0x3A, 0x01, 0x00], .nulInString, "testing.Everything.words"),
    Refusal(
      "NUL in a map's value", [0x42, 0x06, 0x0A, 0x01, 0x6B, 0x12, 0x01, 0x00], .nulInString,
      "testing.Everything.LabelsEntry.value"),
    Refusal("NUL in a sub-message", [0x2A, 0x03, 0x0A, 0x01, 0x00], .nulInString, "testing.Leaf.name"),
    Refusal("the same sub-message twice", [0x2A, 0x00, 0x2A, 0x00], .duplicateMessage, "testing.Everything.leaf"),
    Refusal("a oneof's message twice", [0x52, 0x00, 0x52, 0x00], .duplicateMessage, "testing.Everything.success"),
    Refusal("a string longer than the rest", [0x0A, 0x05, 0x61], .truncated, "testing.Everything.text"),
    Refusal("a varint without end", [0x58, 0x80], .truncated, "testing.Everything.zigzag"),
    Refusal(
      "a varint of eleven bytes", [0x58] + Array(repeating: 0x80, count: 10) + [0x01], .truncated,
      "testing.Everything.zigzag"),
    Refusal("a fixed32 of three bytes", [0x65, 1, 2, 3], .truncated, "testing.Everything.fixed_small"),
    Refusal("a packed field cut within a varint", [0x2A, 0x03, 0x1A, 0x01, 0x80], .truncated, "testing.Leaf.counts"),
    Refusal("a group", [0x0B, 0x0C], .group, "testing.Everything.text"),
    Refusal("an unknown group", [0x7B, 0x7C, 0xFB, 0x7F, 0xFC, 0x7F], .group, "testing.Everything.blobs"),
    Refusal("wire type 7", [0x0F], .malformed, "testing.Everything.text"),
    Refusal("field number 0", [0x00, 0x01], .malformed, "testing.Everything"),
    Refusal("a tag without end", [0xFF, 0xFF, 0xFF], .malformed, "testing.Everything"),
    Refusal("a tag beyond 32 bits", [0x88, 0x80, 0x80, 0x80, 0x10, 0x00], .malformed, "testing.Everything"),
    Refusal("a number where a string belongs", [0x08, 0x01], .wireTypeMismatch, "testing.Everything.text"),
    Refusal("packed bytes for a lone number", [0x5A, 0x01, 0x01], .wireTypeMismatch, "testing.Everything.zigzag"),
    Refusal(
      "a length of 2^63", [0x0A] + Array(repeating: 0x80, count: 9) + [0x01], .truncated, "testing.Everything.text"),
  ]

  @Test(arguments: refusals) func refuses(_ refusal: Refusal) {
    #expect(throws: error(refusal.code, refusal.field)) { try decode(Everything.self, refusal.bytes) }
  }

  @Test func refusesMoreThanFourMebibytes() {
    let bytes = [UInt8](repeating: 0, count: 4 << 20 + 1)
    #expect(throws: error(.tooLarge, "testing.Leaf")) { try decode(Leaf.self, bytes) }
  }

  @Test func nestingIsAllowedUpToAHundredDeep() throws {
    #expect(try codec.decode(Chain.self, from: chain(depth: 100)).length == 101)
    #expect(throws: error(.tooDeep, "testing.Chain.next")) { try decode(Chain.self, chain(depth: 101)) }
  }

  /// Unchecked, this one overflows the stack of the thread that unpacks it.
  @Test func refusesTenThousandLevelsAtOnce() {
    let bytes = chain(depth: 10_000)
    #expect(throws: error(.tooDeep, "testing.Chain.next")) { try decode(Chain.self, bytes) }
  }

  /// Unchecked, protobuf-c merges these for 26 seconds.
  @Test(.timeLimit(.minutes(1))) func refusesEightHundredKilobytesOfOneSubMessageAtOnce() {
    let bytes = repeated([0x2A, 0x02, 0x18, 0x01], count: 200_000)
    let elapsed = ContinuousClock().measure {
      #expect(throws: error(.duplicateMessage, "testing.Everything.leaf")) { try decode(Everything.self, bytes) }
    }
    #expect(
      elapsed < .seconds(10 * Slowness.factor),
      "far below what it would take to unpack them, in any build on any machine")
  }

  static let tinyFields: [[UInt8]] = [
    [0x32, 0x00],  // leaves: an empty message
    [0x3A, 0x00],  // words: an empty string
    [0x7A, 0x00],  // blobs: no bytes
    [0xF8, 0x7F, 0x00],  // field 2047, unknown
  ]

  /// Unchecked, these allocate more than a hundred bytes for each of their own.
  @Test(arguments: tinyFields)
  func refusesFourMebibytesOfTinyFieldsAtOnce(_ field: [UInt8]) {
    let bytes = repeated(field, count: (4 << 20) / field.count)
    let elapsed = ContinuousClock().measure {
      #expect {
        try decode(Everything.self, bytes)
      } throws: { error in
        (error as? Mismatch)?.code == .tooCostly
      }
    }
    #expect(
      elapsed < .seconds(10 * Slowness.factor),
      "far below what it would take to unpack them, in any build on any machine")
  }

  @Test func aListOfManySmallRowsIsWithinTheBudget() throws {
    var value = Everything()
    value.leaves = (0..<20_000).map { Leaf(name: "deploy-\($0)", number: Int64($0)) }
    #expect(try codec.decode(Everything.self, from: codec.encode(value)).leaves.count == 20_000)
  }

  @Test func everyPrefixOfAMessageIsEitherRefusedOrDecoded() throws {
    var value = Everything()
    value.text = "text"
    value.leaf = Leaf(name: "x", number: 5, counts: [1, 2, 3])
    value.labels = ["a": "1"]
    value.ratio = 1.5
    let bytes = try codec.encode(value)
    for count in 0..<bytes.count {
      do throws(ProtobufError) {
        _ = try codec.decode(Everything.self, from: Array(bytes.prefix(count)))
      } catch {
        #expect(error.code == .truncated || error.code == .malformed, "after \(count) bytes: \(error)")
      }
    }
  }

  @Test func whatTheScanLetsThroughProtobufCUnpacks() throws {
    // The budget of the arena is a second line: nothing that the scan accepts may fail on it.
    var generator = SplitMix(state: 42)
    let alphabet: [UInt8] = [0, 1, 2, 0x0A, 0x12, 0x18, 0x1A, 0x2A, 0x32, 0x3A, 0x42, 0x52, 0x61, 0x7A, 0x80, 0xFF]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
        alphabet.randomElement(using: &generator) ?? 0
      }
      do throws(ProtobufError) {
        _ = try codec.decode(Everything.self, from: bytes)
      } catch {
        #expect(error.code != .refused, "\(bytes)")
      }
    }
  }

  private func decode<Message: ProtobufMessage>(_ type: Message.Type, _ bytes: [UInt8]) throws(Mismatch) {
    do throws(ProtobufError) {
      _ = try codec.decode(type, from: bytes)
    } catch {
      throw Mismatch(code: error.code, field: error.field)
    }
  }

  private func error(_ code: ProtobufError.Code, _ field: String) -> Mismatch { Mismatch(code: code, field: field) }

  private func repeated(_ field: [UInt8], count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(field.count * count)
    for _ in 0..<count { bytes.append(contentsOf: field) }
    return bytes
  }

  /// `Chain` messages, each the `next` of the one around it.
  private func chain(depth: Int) -> [UInt8] {
    var reversed: [UInt8] = []
    for _ in 0..<depth {
      var length = reversed.count
      var prefix: [UInt8] = [0x0A]
      repeat {
        prefix.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
        length >>= 7
      } while length > 0
      reversed.append(contentsOf: prefix.reversed())
    }
    return reversed.reversed()
  }
}

/// The parts of a `ProtobufError` that tests compare.
struct Mismatch: Error, Equatable {
  let code: ProtobufError.Code
  let field: String
}

/// A generator with a seed, so that a failing input can be had again.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
