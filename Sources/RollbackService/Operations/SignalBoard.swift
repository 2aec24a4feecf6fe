internal import Locking

/// Wakes those who wait for news of a subject: the end of a deploy, a lease that was given away.
///
/// News are hints to look again. A watch that was made before somebody looked misses none that came after.
final class SignalBoard: Sendable {
  /// What news are of.
  enum Subject: Hashable, Sendable {
    /// Operations to take over.
    case orphans
    /// This deploy ended.
    case deploy(String)
    /// A deploy of this app ended, or whoever stood in front in its line left.
    case app(String)
  }

  private let watches = Locked<[Subject: [SignalWatch]]>([:])

  /// Watches a subject until ``end(_:)``.
  func watch(_ subject: Subject) -> SignalWatch {
    let watch = SignalWatch(subject)
    watches.withLock { $0[subject, default: []].append(watch) }
    return watch
  }

  func end(_ watch: SignalWatch) {
    watches.withLock { watches in
      watches[watch.subject]?.removeAll { $0 === watch }
      if watches[watch.subject]?.isEmpty == true { watches[watch.subject] = nil }
    }
  }

  func ring(_ subject: Subject) {
    for watch in watches.withLock({ $0[subject] ?? [] }) { watch.ring() }
  }

  /// All who wait look again.
  func ringAll() {
    for watch in watches.withLock({ $0.values.flatMap { $0 } }) { watch.ring() }
  }
}

/// One waiter's ear at a ``SignalBoard``.
final class SignalWatch: Sendable {
  let subject: SignalBoard.Subject
  private let isRung = Monitor(false)

  init(_ subject: SignalBoard.Subject) {
    self.subject = subject
  }

  /// Waits for news since the last time, until `deadline` or cancellation. At most one caller at a time.
  func wait<C: Clock>(until deadline: C.Instant, clock: C) async {
    await isRung.wait(until: deadline, clock: clock) { $0 }
    isRung.change { $0 = false }
  }

  fileprivate func ring() {
    isRung.change { $0 = true }
  }
}
