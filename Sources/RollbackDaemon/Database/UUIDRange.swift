internal import FoundationEssentials

/// The ids that a beginning of one may mean, as a range that an index can be searched by.
///
/// PostgreSQL orders UUIDs by their bytes, which is the order of their text.
struct UUIDRange: Hashable, Sendable {
  let first: UUID
  let last: UUID

  /// Nil for text that no id begins with.
  init?(beginning text: String) {
    let digits = Array(text.lowercased().utf8)
    guard !digits.isEmpty, digits.count <= Self.length else { return nil }
    for (index, byte) in digits.enumerated() {
      guard Self.dashes.contains(index) == (byte == UInt8(ascii: "-")) else { return nil }
    }
    guard let first = Self.fill(digits, with: UInt8(ascii: "0")), let last = Self.fill(digits, with: UInt8(ascii: "f"))
    else { return nil }
    self.first = first
    self.last = last
  }

  private static let length = 36
  private static let dashes: Set<Int> = [8, 13, 18, 23]

  private static func fill(_ digits: [UInt8], with digit: UInt8) -> UUID? {
    let rest = (digits.count..<length).map { dashes.contains($0) ? UInt8(ascii: "-") : digit }
    return UUID(uuidString: String(decoding: digits + rest, as: UTF8.self))
  }
}
