/// Which stream ids a client has used lately on one connection.
///
/// ttRPC asks for strictly ascending ids, but concurrent callers of Rust's client may hand their frames over in
/// another order than they took their ids. So an id is fresh when it has not been used and is at most
/// ``size`` odd numbers below the highest seen. Constant memory, constant time.
struct StreamIDWindow {
  /// How many odd numbers it remembers.
  static let size: UInt32 = 1_024

  /// The highest id used; 0 before the first.
  private var highest: UInt32 = 0
  /// A ring with a bit for each of the last odd numbers up to `highest`; the bit of `id` is number `id / 2 % size`.
  private var used = InlineArray<16, UInt64>(repeating: 0)

  /// Notes an odd id as used; false if it had been, or lies too far back to tell.
  mutating func use(_ id: StreamID) -> Bool {
    let id = id.rawValue
    if id > highest {
      advance(to: id)
    } else if isBehind(id) || isMarked(id) {
      return false
    }
    used[word(id)] |= bit(id)
    return true
  }

  /// Whether an odd id has been used. Those too far back to tell count as used.
  func wasUsed(_ id: StreamID) -> Bool {
    let id = id.rawValue
    return id <= highest && (isBehind(id) || isMarked(id))
  }

  /// Makes room: every number between the old highest id and the new one is unused.
  private mutating func advance(to id: UInt32) {
    if highest == 0 || (id - highest) / 2 >= Self.size {
      used = InlineArray(repeating: 0)
    } else {
      var between = highest
      while between != id {
        between += 2
        used[word(between)] &= ~bit(between)
      }
    }
    highest = id
  }

  private func isBehind(_ id: UInt32) -> Bool { (highest - id) / 2 >= Self.size }
  private func isMarked(_ id: UInt32) -> Bool { used[word(id)] & bit(id) != 0 }
  private func word(_ id: UInt32) -> Int { Int(id / 2 % Self.size / 64) }
  private func bit(_ id: UInt32) -> UInt64 { 1 << UInt64(id / 2 % 64) }
}
