/// Timers in order of their deadline: a binary heap whose cancelled entries are passed over when they come up.
///
/// Pure: it neither knows the clock nor calls anything. Two timers of the same instant fire in the order in which
/// they were added.
struct TimerQueue<Element> {
  private struct Entry {
    let deadline: ContinuousClock.Instant
    let sequence: UInt64
    let element: Element

    func isBefore(_ other: Entry) -> Bool {
      deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
    }
  }

  private var heap: [Entry] = []
  private var sequence: UInt64 = 0

  var isEmpty: Bool { heap.isEmpty }
  var count: Int { heap.count }

  /// The earliest deadline, cancelled or not.
  var nextDeadline: ContinuousClock.Instant? { heap.first?.deadline }

  mutating func insert(_ element: Element, at deadline: ContinuousClock.Instant) {
    sequence += 1
    heap.append(Entry(deadline: deadline, sequence: sequence, element: element))
    siftUp(from: heap.count - 1)
  }

  /// Takes the earliest element whose deadline is not after `instant`.
  mutating func popExpired(at instant: ContinuousClock.Instant) -> Element? {
    guard let first = heap.first, first.deadline <= instant else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      siftDown(from: 0)
    }
    return first.element
  }

  /// Drops every element that `isDead` says is cancelled; linear.
  mutating func compact(removing isDead: (Element) -> Bool) {
    heap.removeAll { isDead($0.element) }
    heap.sort { $0.isBefore($1) }
  }

  private mutating func siftUp(from start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].isBefore(heap[parent]) else { return }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  private mutating func siftDown(from start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in (2 * parent + 1)...(2 * parent + 2) where child < heap.count {
        if heap[child].isBefore(heap[least]) { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
