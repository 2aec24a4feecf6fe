/// A cap on bytes that wait somewhere, within a wider cap. Confined to its loop.
final class QueueBudget {
  private(set) var used = 0
  private let maximum: Int
  private let parent: QueueBudget?

  init(maximum: Int, within parent: QueueBudget? = nil) {
    self.maximum = maximum
    self.parent = parent
  }

  /// Takes part of it, and of the wider one; false, and nothing is taken, where that is too much for either.
  func take(_ count: Int) -> Bool {
    guard used + count <= maximum, parent?.take(count) ?? true else { return false }
    used += count
    return true
  }

  /// Takes part of it even where that is too much: for the few bytes that end a call.
  func force(_ count: Int) {
    used += count
    parent?.force(count)
  }

  func giveBack(_ count: Int) {
    used -= count
    parent?.giveBack(count)
  }
}
