internal import CLinux

/// One descriptor's registration with a loop; level-triggered.
///
/// Confined to the loop's thread. It borrows the descriptor: cancel before closing it.
public final class Watch {
  /// The descriptor watched.
  public let descriptor: Int32
  let generation: UInt32
  var onReady: ((Readiness) -> Void)?
  private(set) var interest: Interest
  private unowned let loop: EventLoop

  init(
    loop: EventLoop, descriptor: Int32, generation: UInt32, interest: Interest, onReady: @escaping (Readiness) -> Void
  ) {
    self.loop = loop
    self.descriptor = descriptor
    self.generation = generation
    self.interest = interest
    self.onReady = onReady
  }

  /// Waits for something else from now on; an empty interest still reports errors and hang-ups.
  public func update(_ interest: Interest) {
    loop.preconditionIsCurrent()
    guard interest != self.interest, onReady != nil else { return }
    self.interest = interest
    loop.modify(self)
  }

  /// Ends the watch; its handler is never called again, also not for an event of this very turn. Harmless twice.
  public func cancel() {
    loop.preconditionIsCurrent()
    guard onReady != nil else { return }
    onReady = nil
    loop.remove(self)
  }
}
