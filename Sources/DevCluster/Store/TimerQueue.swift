/// Work that is due at a moment of the cluster's time, soonest first, in order of scheduling where equal.
///
/// The same work is never queued twice: scheduling it again for later is a no-op, for sooner moves it.
struct TimerQueue<Work: Hashable & Sendable>: Sendable {
  private struct Entry: Sendable {
    var due: Timestamp
    var order: Int
    var work: Work

    static func precedes(_ one: Entry, _ other: Entry) -> Bool {
      one.due == other.due ? one.order < other.order : one.due < other.due
    }
  }

  private var heap: [Entry] = []
  private var pending: [Work: (due: Timestamp, order: Int)] = [:]
  private var nextOrder = 0

  /// When the next work is due.
  mutating func nextDue() -> Timestamp? {
    dropStale()
    return heap.first?.due
  }

  mutating func schedule(_ work: Work, at due: Timestamp) {
    if let known = pending[work], known.due <= due { return }
    nextOrder += 1
    pending[work] = (due, nextOrder)
    heap.append(Entry(due: due, order: nextOrder, work: work))
    siftUp(heap.count - 1)
  }

  mutating func cancel(_ work: Work) { pending[work] = nil }

  /// Takes the next work if it is due by then.
  mutating func next(dueBy moment: Timestamp) -> (work: Work, due: Timestamp)? {
    dropStale()
    guard let first = heap.first, first.due <= moment else { return nil }
    removeFirst()
    pending[first.work] = nil
    return (first.work, first.due)
  }

  private mutating func dropStale() {
    while let first = heap.first, pending[first.work]?.order != first.order { removeFirst() }
  }

  private mutating func removeFirst() {
    let last = heap.removeLast()
    guard !heap.isEmpty else { return }
    heap[0] = last
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && Entry.precedes(heap[child], heap[smallest]) { smallest = child }
      if smallest == parent { return }
      heap.swapAt(parent, smallest)
      parent = smallest
    }
  }

  private mutating func siftUp(_ index: Int) {
    var child = index
    while child > 0, Entry.precedes(heap[child], heap[(child - 1) / 2]) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }
}
