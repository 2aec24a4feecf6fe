internal import CLinux
internal import Glibc
internal import Locking

/// One thread that waits with epoll(7) for descriptors, timers and work, and runs what became ready.
///
/// It is also an executor: tasks that prefer it (`Task(executorPreference: loop)`,
/// `Task.immediate(executorPreference: loop)`) run on its thread.
/// One turn is: wait, call the handlers of the ready descriptors, fire the timers that are due, run the queued work,
/// then call the ``atEndOfTurn(_:)`` hooks. Nothing that runs on it may block.
///
/// `@unchecked Sendable`: `inbox` is behind its lock and `thread` is written before the loop is published. Every other
/// stored property is read and written on the loop's own thread only, which each method that touches them asserts.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
  /// A name for logs and for the thread (`comm` of proc(5), 15 bytes).
  public let label: String

  private let epoll: FileDescriptor
  private let wakeup: FileDescriptor
  private let inbox = Locked(Inbox())
  private var thread = pthread_t()

  private var slots: [Watch?] = []
  private var generation: UInt32 = 0
  private var timers = TimerQueue<LoopTimer>()
  private var cancelledTimers = 0
  private var queued: [Work] = []
  private var hooks: [() -> Void] = []
  private var instant = ContinuousClock.now

  private struct Inbox {
    var work: [Work] = []
    /// The loop is, or is about to be, asleep in epoll_wait: whoever adds work must wake it.
    var isAsleep = false
    var isStopped = false
  }

  private enum Work {
    case closure(@Sendable () -> Void)
    case job(UnownedJob)
  }

  /// How many queued jobs run before descriptors get their turn again.
  private static let workPerTurn = 4096
  private static let eventsPerTurn = 256
  private static let wakeupToken = UInt64.max

  private init(label: String) throws(SystemError) {
    self.label = label
    let epoll = clinux_epoll_create()
    guard epoll >= 0 else { throw .last("epoll_create1") }
    self.epoll = FileDescriptor(adopting: epoll)
    let wakeup = clinux_eventfd()
    guard wakeup >= 0 else { throw .last("eventfd") }
    self.wakeup = FileDescriptor(adopting: wakeup)
    guard clinux_epoll_add(epoll, wakeup, UInt32(EPOLLIN.rawValue), Self.wakeupToken) == 0 else {
      throw .last("epoll_ctl")
    }
  }

  /// Makes a loop and its thread, which runs until ``stop()``.
  public static func start(label: String) throws(SystemError) -> EventLoop {
    let loop = try EventLoop(label: label)
    // The thread owns this reference and gives it back when it ends.
    let reference = Unmanaged.passRetained(loop)
    let result = pthread_create(
      &loop.thread, nil,
      { argument in
        if let argument { Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().turnUntilStopped() }
        return nil
      }, reference.toOpaque())
    guard result == 0 else {
      reference.release()
      throw SystemError(operation: "pthread_create \(label)", code: result)
    }
    return loop
  }

  /// Ends the loop once the work that is queued by then has run. From any thread; does not wait.
  ///
  /// Tasks that prefer the loop must have ended before, for nothing runs them afterwards.
  public func stop() {
    let mustWake = inbox.withLock { inbox in
      inbox.isStopped = true
      return wakes(&inbox)
    }
    if mustWake { wake() }
  }

  /// Blocks the calling thread until the loop's thread has ended; at most once, and never on the loop itself.
  public func join() {
    precondition(!isCurrent, "a loop cannot join itself")
    pthread_join(thread, nil)
  }

  // MARK: From any thread

  /// Whether the caller runs on this loop's thread.
  public var isCurrent: Bool {
    clinux_current_loop() == Unmanaged.passUnretained(self).toOpaque()
  }

  /// Traps when the caller is not on this loop's thread.
  public func preconditionIsCurrent() {
    precondition(isCurrent, "called off the loop \(label)")
  }

  /// Queues work; work of one thread runs in the order in which it was queued. On the loop too it runs later, in this
  /// or the next turn.
  public func execute(_ work: @escaping @Sendable () -> Void) {
    add(.closure(work))
  }

  public func enqueue(_ job: consuming ExecutorJob) {
    add(.job(UnownedJob(job)))
  }

  /// Runs `body` on the loop and returns what it returns; at once when already there. Suspends the caller, and does not
  /// end early when the caller is cancelled.
  public func call<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    if isCurrent { return try body() }
    return try await withUnsafeThrowingContinuation { continuation in
      execute { continuation.resume(with: Swift.Result(catching: body)) }
    }
  }

  private func add(_ work: Work) {
    if isCurrent {
      queued.append(work)
      return
    }
    let mustWake = inbox.withLock { inbox in
      inbox.work.append(work)
      return wakes(&inbox)
    }
    if mustWake { wake() }
  }

  private func wakes(_ inbox: inout Inbox) -> Bool {
    defer { inbox.isAsleep = false }
    return inbox.isAsleep
  }

  private func wake() {
    // eventfd(2): the write fails only when the counter is full, and then the loop is awake anyway.
    var one: UInt64 = 1
    _ = Glibc.write(wakeup.rawValue, &one, MemoryLayout<UInt64>.size)
  }

  // MARK: On the loop's thread

  /// The time at which this turn began; cheaper than asking the clock.
  public var now: ContinuousClock.Instant { instant }

  /// Calls `onReady` whenever the descriptor is ready, until the watch is cancelled.
  ///
  /// - Throws: `EPERM` for a descriptor that cannot be waited for, such as a file; `EEXIST` when it is watched already.
  public func watch(
    _ descriptor: Int32, for interest: Interest, onReady: @escaping (Readiness) -> Void
  ) throws(SystemError) -> Watch {
    preconditionIsCurrent()
    generation &+= 1
    // The top bit stays clear so that no watch can be mistaken for the wake-up.
    generation &= 0x7fff_ffff
    let watch = Watch(
      loop: self, descriptor: descriptor, generation: generation, interest: interest, onReady: onReady)
    guard clinux_epoll_add(epoll.rawValue, descriptor, interest.epollEvents, token(of: watch)) == 0 else {
      throw .last("watch descriptor \(descriptor)")
    }
    let index = Int(descriptor)
    if index >= slots.count { slots.append(contentsOf: repeatElement(nil, count: index + 1 - slots.count)) }
    slots[index] = watch
    return watch
  }

  /// Fires once, not before `delay` has passed.
  public func schedule(after delay: Duration, _ fire: @escaping () -> Void) -> LoopTimer {
    schedule(at: ContinuousClock.now + delay, fire)
  }

  /// Fires once, not before `deadline`.
  public func schedule(at deadline: ContinuousClock.Instant, _ fire: @escaping () -> Void) -> LoopTimer {
    preconditionIsCurrent()
    let timer = LoopTimer(loop: self, fire: fire)
    timers.insert(timer, at: deadline)
    return timer
  }

  /// Runs `work` once when this turn's handlers, timers and queued work are done: the place to write out what they
  /// gathered.
  public func atEndOfTurn(_ work: @escaping () -> Void) {
    preconditionIsCurrent()
    hooks.append(work)
  }

  func modify(_ watch: Watch) {
    // It fails only for a descriptor that was closed under us, which epoll has already forgotten.
    _ = clinux_epoll_modify(epoll.rawValue, watch.descriptor, watch.interest.epollEvents, token(of: watch))
  }

  func remove(_ watch: Watch) {
    let index = Int(watch.descriptor)
    guard slots[index] === watch else { return }
    slots[index] = nil
    _ = clinux_epoll_delete(epoll.rawValue, watch.descriptor)
  }

  func timerWasCancelled() {
    cancelledTimers += 1
    // Deadlines that are cancelled long before they are due must not pile up.
    if cancelledTimers > 1024, cancelledTimers > timers.count / 2 {
      timers.compact { $0.fire == nil }
      cancelledTimers = 0
    }
  }

  /// A late event must not reach the next owner of a reused number: so the generation stands beside the descriptor.
  private func token(of watch: Watch) -> UInt64 {
    UInt64(watch.generation) << 32 | UInt64(UInt32(bitPattern: watch.descriptor))
  }

  // MARK: The turn

  private func turnUntilStopped() {
    clinux_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
    clinux_set_thread_name(label)
    defer { clinux_set_current_loop(nil) }
    withUnsafeTemporaryAllocation(of: clinux_ready.self, capacity: Self.eventsPerTurn) { ready in
      while turn(ready) {}
    }
  }

  /// One turn; false when the loop has been stopped and has nothing left to do.
  private func turn(_ ready: UnsafeMutableBufferPointer<clinux_ready>) -> Bool {
    let isIdle = queued.isEmpty && hooks.isEmpty
    let (mustEnd, mayWait) = inbox.withLock { inbox in
      let mayWait = isIdle && inbox.work.isEmpty && !inbox.isStopped
      inbox.isAsleep = mayWait
      return (inbox.isStopped && isIdle && inbox.work.isEmpty, mayWait)
    }
    if mustEnd { return false }
    let count = clinux_epoll_wait(
      epoll.rawValue, ready.baseAddress, Int32(ready.count), mayWait ? nanosecondsToNextTimer() : 0)
    instant = .now
    inbox.withLock { inbox in
      inbox.isAsleep = false
      if queued.isEmpty {
        swap(&queued, &inbox.work)
      } else if !inbox.work.isEmpty {
        queued.append(contentsOf: inbox.work)
        inbox.work.removeAll(keepingCapacity: true)
      }
    }
    // epoll_wait fails only with EINTR, for signals are blocked or handled elsewhere: the turn goes on without events.
    for event in ready.prefix(Int(max(count, 0))) { deliver(event) }
    fireTimers()
    runQueuedWork()
    runHooks()
    return true
  }

  private func deliver(_ event: clinux_ready) {
    if event.data == Self.wakeupToken {
      var value: UInt64 = 0
      _ = Glibc.read(wakeup.rawValue, &value, MemoryLayout<UInt64>.size)
      return
    }
    let index = Int(event.data & 0xffff_ffff)
    guard index < slots.count, let watch = slots[index], watch.generation == UInt32(event.data >> 32) else { return }
    watch.onReady?(Readiness(epollEvents: event.events))
  }

  private func fireTimers() {
    while let timer = timers.popExpired(at: instant) {
      guard let fire = timer.fire else {
        cancelledTimers -= 1
        continue
      }
      timer.fire = nil
      fire()
    }
  }

  private func runQueuedWork() {
    var remaining = Self.workPerTurn
    while !queued.isEmpty, remaining > 0 {
      var batch: [Work] = []
      swap(&batch, &queued)
      remaining -= batch.count
      for work in batch {
        switch work {
        case .closure(let closure): closure()
        case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
        }
      }
    }
  }

  private func runHooks() {
    guard !hooks.isEmpty else { return }
    var batch: [() -> Void] = []
    swap(&batch, &hooks)
    for hook in batch { hook() }
  }

  private func nanosecondsToNextTimer() -> Int64 {
    guard let deadline = timers.nextDeadline else { return -1 }
    let (seconds, attoseconds) = ContinuousClock.now.duration(to: deadline).components
    if seconds < 0 || attoseconds < 0 { return 0 }
    // Rounded up, so that the timer is due when the wait ends; a day is soon enough to look again.
    return seconds > 86_400 ? 86_400_000_000_000 : seconds * 1_000_000_000 + attoseconds / 1_000_000_000 + 1
  }
}
