internal import Logging
internal import Synchronization

/// Keeps one operation's lease and knows whether we may still act on it.
///
/// "Time" is ours here only to be careful: we stop acting when our own clock says that the lease may have run out. Who
/// really holds it is decided by the database's clock and the fencing token.
final class LeaseKeeper<C: Clock>: Sendable where C.Instant == ContinuousClock.Instant {
  private let store: any OperationStore
  private let clock: C
  private let duration: Duration
  private let mailbox: ObservationMailbox
  private let log: Logger
  private let state: Mutex<(lease: Lease, isLost: Bool)>

  init(
    _ lease: Lease, duration: Duration, store: any OperationStore, clock: C, mailbox: ObservationMailbox, log: Logger
  ) {
    self.store = store
    self.clock = clock
    self.duration = duration
    self.mailbox = mailbox
    self.log = log
    state = Mutex((lease, false))
  }

  var lease: Lease { state.withLock { $0.lease } }

  /// Whether a change of the cluster may still be begun: the lease was confirmed recently enough that it holds for as
  /// long as a request takes.
  var mayAct: Bool {
    state.withLock { !$0.isLost && clock.now < $0.lease.askedAt.advanced(by: duration / 3 * 2) }
  }

  /// Renews the lease at a third of its length, until cancelled or until another host has it.
  func run() async {
    while !Task.isCancelled {
      do {
        try await clock.sleep(until: clock.now.advanced(by: duration / 3), tolerance: nil)
        guard let renewed = try await store.renew(lease) else { return lose() }
        state.withLock { $0.lease = renewed }
      } catch is CancellationError {
        return
      } catch {
        // The rollout goes on without the database; `mayAct` ends by itself.
        log.warning("the lease could not be renewed", metadata: ["cause": "\(error)"])
      }
    }
  }

  private func lose() {
    state.withLock { $0.isLost = true }
    mailbox.interrupt(.leaseLost)
  }
}
