import FoundationEssentials
import KubernetesObjects
import RolloutCore
import Testing

@testable import RollbackDaemon

@Suite struct EnvironmentFingerprintTests {
  private static let key = [UInt8](repeating: 7, count: 32)
  private static let app = "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60"

  private func prints(
    _ variables: [(String, String)], key: [UInt8] = Self.key, app: String = Self.app
  ) -> [String: String] {
    let container = Container(
      name: "web", image: "i:1", env: variables.map { EnvironmentVariable(name: $0.0, value: $0.1) })
    return EnvironmentFingerprint(key: key).record(of: ContainerEnvironment(container), app: app).fingerprints
  }

  /// RFC 4231, test cases 2 and 6: a short key, and one that is longer than a block.
  @Test(arguments: [
    (
      Array("Jefe".utf8), "what do ya want for nothing?",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func theAuthenticationCodeIsHMAC(key: [UInt8], message: String, expected: String) {
    let code = SHA256.authenticationCode(of: Array(message.utf8), key: key)
    #expect(code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
  }

  @Test func equalContentsOfOneEntryAreEqualAndNothingElseIs() {
    let prints = prints([("A", "secret"), ("B", "secret"), ("C", "other")])
    #expect(prints.values.allSatisfy { $0.utf8.count == 4 })
    #expect(prints == self.prints([("C", "other"), ("B", "secret"), ("A", "secret")]))
    #expect(prints["A"] != prints["B"], "it does not show that two entries have one value")
    #expect(prints["A"] != self.prints([("A", "Secret")])["A"])
    #expect(prints["A"] != self.prints([("A", "secret")], app: "other")["A"])
    #expect(prints["A"] != self.prints([("A", "secret")], key: [UInt8](repeating: 8, count: 32))["A"])
  }
}

@Suite struct UUIDRangeTests {
  @Test(arguments: [
    ("0", "00000000-0000-0000-0000-000000000000", "0fffffff-ffff-ffff-ffff-ffffffffffff"),
    ("0BD91e44", "0bd91e44-0000-0000-0000-000000000000", "0bd91e44-ffff-ffff-ffff-ffffffffffff"),
    ("0bd91e44-5", "0bd91e44-5000-0000-0000-000000000000", "0bd91e44-5fff-ffff-ffff-ffffffffffff"),
    (
      "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60", "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60",
      "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60"
    ),
  ])
  func aBeginningIsARange(text: String, first: String, last: String) {
    let range = UUIDRange(beginning: text)
    #expect(range?.first == UUID(uuidString: first))
    #expect(range?.last == UUID(uuidString: last))
  }

  @Test(arguments: [
    "", "-1", "current", "0bd91e445", "0bd9-1e44", "zz", "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e601", "ａ", "0bd91e44 ",
  ])
  func whatNoIdBeginsWithIsNone(text: String) {
    #expect(UUIDRange(beginning: text) == nil)
  }
}
