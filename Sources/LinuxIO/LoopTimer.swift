/// A timer that has not fired yet. Confined to the loop's thread.
public final class LoopTimer {
  var fire: (() -> Void)?
  private unowned let loop: EventLoop

  init(loop: EventLoop, fire: @escaping () -> Void) {
    self.loop = loop
    self.fire = fire
  }

  /// Makes sure that the timer does not fire. Harmless after it fired, and twice.
  public func cancel() {
    loop.preconditionIsCurrent()
    guard fire != nil else { return }
    fire = nil
    loop.timerWasCancelled()
  }
}
