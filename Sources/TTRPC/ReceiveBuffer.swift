/// Received bytes that are no whole frame yet. Owns memory only while there are some, and counts it in a budget that
/// others share. Confined to its loop.
final class ReceiveBuffer {
  private let budget: QueueBudget
  private var storage: UnsafeMutableRawBufferPointer?
  private var start = 0
  private var end = 0

  init(budget: QueueBudget) { self.budget = budget }

  deinit { storage?.deallocate() }

  var isEmpty: Bool { start == end }

  /// The bytes. Good until the next call of any method.
  var bytes: UnsafeRawBufferPointer {
    storage.map { UnsafeRawBufferPointer(rebasing: $0[start..<end]) } ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// False, and nothing is kept, where the budget has no room for the bytes.
  func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard !bytes.isEmpty else { return true }
    guard let room = room(atLeast: bytes.count) else { return false }
    UnsafeMutableRawBufferPointer(rebasing: room[..<bytes.count]).copyMemory(from: bytes)
    end += bytes.count
    return true
  }

  /// Where the next bytes go: at least so many, and more where a long frame is under way. Nil where the budget has no
  /// room for them.
  ///
  /// Memory grows with what has come and not with what a header promises, so that promises are free.
  func room(atLeast count: Int, expecting total: Int = 0) -> UnsafeMutableRawBufferPointer? {
    if let storage, storage.count - end >= count { return UnsafeMutableRawBufferPointer(rebasing: storage[end...]) }
    let held = end - start
    let wanted = max(held + count, min(total, 2 * held), 4096)
    let capacity = storage?.count ?? 0
    if wanted > capacity, !budget.take(wanted - capacity) { return nil }
    let new =
      if let storage, storage.count >= wanted { storage } else {
        UnsafeMutableRawBufferPointer.allocate(byteCount: wanted, alignment: 16)
      }
    if held > 0, let source = storage?.baseAddress {
      new.baseAddress?.copyMemory(from: source + start, byteCount: held)
    }
    if let storage, storage.baseAddress != new.baseAddress { storage.deallocate() }
    storage = new
    start = 0
    end = held
    return UnsafeMutableRawBufferPointer(rebasing: new[end...])
  }

  /// Notes that so many bytes have been put into the room.
  func filled(_ count: Int) { end += count }

  /// Forgets the first bytes.
  func consume(_ count: Int) {
    start += count
    if start == end { discard() }
  }

  /// Forgets everything. Whoever gives the connection up calls it, for the budget outlives the buffer.
  func discard() {
    budget.giveBack(storage?.count ?? 0)
    storage?.deallocate()
    storage = nil
    start = 0
    end = 0
  }
}
