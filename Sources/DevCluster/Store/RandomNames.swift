/// Uids and name suffixes from a seed, so that a simulation can be repeated exactly.
struct RandomNames: Sendable, RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A random UUID, version 4.
  mutating func uid() -> String {
    var digits = Array(next().hexadecimal(16) + next().hexadecimal(16))
    digits[12] = "4"
    digits[16] = Character(["8", "9", "a", "b"][Int(next() % 4)])
    return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
  }

  /// Five letters and digits without vowels, as the API server appends to `generateName`.
  mutating func suffix() -> String {
    String((0..<5).map { _ in Self.alphabet[Int(next() % UInt64(Self.alphabet.count))] })
  }

  static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")

  /// A hash of a text as names carry it: FNV-1a in decimal, each digit replaced by a letter that forms no words.
  static func hash(_ text: String) -> String {
    var hash: UInt32 = 2_166_136_261
    for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return String(String(hash).utf8.map { alphabet[Int($0) % alphabet.count] })
  }

  /// 64 hexadecimal digits that depend on the text alone: stands for the digest of an image that exists nowhere.
  static func digest(_ text: String) -> String {
    var seed: UInt64 = 14_695_981_039_346_656_037
    for byte in text.utf8 { seed = (seed ^ UInt64(byte)) &* 1_099_511_628_211 }
    var generator = RandomNames(seed: seed)
    return (0..<4).map { _ in generator.next().hexadecimal(16) }.joined()
  }
}

extension UInt64 {
  fileprivate func hexadecimal(_ width: Int) -> String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: width - digits.count) + digits
  }
}
