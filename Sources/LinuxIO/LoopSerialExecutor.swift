/// Lets an actor live on a loop: `nonisolated var unownedExecutor { executor.asUnownedSerialExecutor() }`.
///
/// The actor must keep it alive. Resuming a continuation inside such an actor passes through the global pool before it
/// comes back to the loop; code on the hot path is better a nonisolated async function in a task that prefers the loop.
public final class LoopSerialExecutor: SerialExecutor {
  private let loop: EventLoop

  public init(_ loop: EventLoop) {
    self.loop = loop
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    loop.enqueue(UnownedJob(job), isolatedTo: asUnownedSerialExecutor())
  }

  public func checkIsolated() {
    loop.preconditionIsCurrent()
  }
}
