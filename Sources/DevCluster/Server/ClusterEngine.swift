@preconcurrency internal import Dispatch
internal import Foundation
internal import Locking

/// Runs a `ClusterState` against a clock and hands lines to open watches.
///
/// Everything happens under one lock and without suspension; from ``start()`` on a Dispatch timer wakes it when work is
/// due.
final class ClusterEngine: Sendable {
  private struct Shared {
    var state: ClusterState
    var sinks: [Int: AsyncStream<[UInt8]>.Continuation] = [:]
    var faults: [Fault] = []
    /// Who waits until how many watches are open.
    var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    var frozenUntil: ContinuousClock.Instant?
    var requests: [LoggedRequest] = []
    /// Administrators who came later, by their tokens.
    var administrators: [String: String] = [:]
    /// When the timer is set to fire.
    var armed: Timestamp?
  }

  /// What the transport is to do with a request.
  enum Outcome {
    case respond(APIResponse, AsyncStream<[UInt8]>?)
    case cut
  }

  private let shared: Locked<Shared>
  /// Where the timer fires, and where watches are closed whose clients have gone.
  private let queue = DispatchQueue(label: "development-cluster")
  /// A dispatch source may be scheduled and cancelled from any thread (dispatch_source(3)); nothing else is done to it.
  private nonisolated(unsafe) let timer: any DispatchSourceTimer
  private let origin = ContinuousClock.now
  private let startTime: Timestamp
  private let isManual: Bool
  private let backlog: Int

  init(_ configuration: DevCluster.Configuration) {
    let wall = Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    startTime = wall
    isManual = configuration.isManuallyTimed
    backlog = configuration.watchBacklog
    var state = ClusterState(
      timing: configuration.timing, seed: configuration.seed, now: wall, historyLimit: configuration.historyLimit,
      nodes: configuration.nodes)
    state.imageDigests = configuration.imageDigests
    shared = Locked(Shared(state: state))
    timer = DispatchSource.makeTimerSource(queue: queue)
    timer.setEventHandler { [weak self] in self?.wake() }
    // Does nothing before it is scheduled, and may not be let go of before this (dispatch_source(3)).
    timer.resume()
  }

  /// Lets time begin to pass.
  func start() { wake() }

  deinit { timer.cancel() }

  /// Stops time and ends all watches.
  func stop() {
    timer.cancel()
    shared.withLock { shared in
      for sink in shared.sinks.values { sink.finish() }
      shared.sinks = [:]
      for waiter in shared.waiters { waiter.continuation.resume() }
      shared.waiters = []
    }
  }

  /// The cluster's time by the clock.
  private var clockTime: Timestamp { startTime + (ContinuousClock.now - origin) }

  private func wake() {
    shared.withLock { shared in
      shared.armed = nil
      if !isManual { shared.state.advance(to: clockTime) }
      flush(&shared)
    }
  }

  /// Lets time pass in a manually timed cluster.
  func advance(by span: Duration) {
    shared.withLock { shared in
      shared.state.advance(to: shared.state.now + span)
      flush(&shared)
    }
  }

  /// Answers a request, and opens the stream of a watch.
  func handle(_ request: APIRequest, from caller: Caller) -> Outcome {
    shared.withLock { shared in
      if !isManual { shared.state.advance(to: clockTime) }
      let failure = takeFault(&shared, request)
      if case .cutBefore? = failure { return .cut }
      var response: APIResponse
      if case .status(410, _)? = failure, request.verb == "watch" {
        // A watch's 410 comes as an event of a stream that began well.
        response = shared.state.respond(to: request, from: caller)
        if case .watch(let id) = response.body {
          shared.state.outbox.removeAll { $0.watch == id }
          shared.state.fail(id, .expired("too old resource version: injected fault"))
        }
      } else if case .status(let code, let retryAfter)? = failure {
        response = APIResponse(.fault(code, retryAfter: retryAfter))
        response.delay = nil
      } else {
        response = shared.state.respond(to: request, from: caller)
      }
      log(&shared, request, response, from: caller, isFaulty: failure != nil)
      var stream: AsyncStream<[UInt8]>?
      if case .cutAfter? = failure {
        if case .watch(let id) = response.body { shared.state.endWatch(id) }
        flush(&shared)
        return .cut
      }
      if case .watch(let id) = response.body { stream = open(&shared, id) }
      flush(&shared)
      if case .delay(let span)? = failure { response.delay = (response.delay ?? .zero) + span }
      if let until = shared.frozenUntil {
        let left = until - .now
        if left > .zero { response.delay = max(response.delay ?? .zero, left) } else { shared.frozenUntil = nil }
      }
      return .respond(response, stream)
    }
  }

  /// Reads or changes the state, as tests and the control endpoint do.
  func withState<Result: Sendable>(_ body: (inout ClusterState) -> Result) -> Result {
    shared.withLock { shared in
      let result = body(&shared.state)
      flush(&shared)
      return result
    }
  }

  /// How many requests injected faults are still to befall.
  var faultsLeft: Int { shared.withLock { $0.faults.reduce(0) { $0 + $1.times } } }

  func inject(_ fault: Fault) { shared.withLock { $0.faults.append(fault) } }

  func clearFaults() {
    shared.withLock {
      $0.faults = []
      $0.frozenUntil = nil
    }
  }

  func freeze(for span: Duration) { shared.withLock { $0.frozenUntil = .now + span } }

  func dropWatches() {
    shared.withLock { shared in
      for id in shared.state.watches.keys.sorted() { shared.state.endWatch(id) }
      flush(&shared)
    }
  }

  /// Forgets the history that watches start from, and ends those that are open.
  func restart() {
    shared.withLock { shared in
      shared.state.store.forgetHistory()
      for id in shared.state.watches.keys.sorted() { shared.state.endWatch(id) }
      flush(&shared)
    }
  }

  func waitForWatches(_ count: Int) async {
    await withCheckedContinuation { continuation in
      let isEnough = shared.withLock { shared in
        if shared.sinks.count >= count { return true }
        shared.waiters.append((count, continuation))
        return false
      }
      if isEnough { continuation.resume() }
    }
  }

  /// Lets one more caller do everything, under a name of its own in the log of requests.
  func addAdministrator(_ name: String, token: String) { shared.withLock { $0.administrators[token] = name } }

  /// The name of an administrator who came later.
  func administrator(token: String) -> String? { shared.withLock { $0.administrators[token] } }

  func requests() -> [LoggedRequest] { shared.withLock { $0.requests } }
  func writes() -> [EffectiveWrite] { shared.withLock { $0.state.writeLog.writes } }

  private func takeFault(_ shared: inout Shared, _ request: APIRequest) -> Fault.Failure? {
    guard let index = shared.faults.firstIndex(where: { $0.befalls(request) }) else { return nil }
    let failure = shared.faults[index].failure
    shared.faults[index].times -= 1
    if shared.faults[index].times == 0 { shared.faults.remove(at: index) }
    return failure
  }

  private func log(
    _ shared: inout Shared, _ request: APIRequest, _ response: APIResponse, from caller: Caller, isFaulty: Bool
  ) {
    shared.requests.append(
      LoggedRequest(
        at: Double(clockTime.microseconds) / 1_000_000, user: caller.name, verb: request.verb, path: request.path,
        query: request.query, userAgent: request.userAgent, status: response.status,
        retryAfter: response.headers.first { $0.0 == "Retry-After" }.flatMap { Int($0.1) }, isFaulty: isFaulty,
        body: String(decoding: request.body.prefix(65_536), as: UTF8.self)))
    if shared.requests.count > 20_000 { shared.requests.removeFirst(10_000) }
  }

  private func open(_ shared: inout Shared, _ id: Int) -> AsyncStream<[UInt8]> {
    let (stream, sink) = AsyncStream<[UInt8]>.makeStream(bufferingPolicy: .bufferingOldest(backlog))
    shared.sinks[id] = sink
    let open = shared.sinks.count
    for waiter in shared.waiters where waiter.count <= open { waiter.continuation.resume() }
    shared.waiters.removeAll { $0.count <= open }
    sink.onTermination = { [weak self] reason in
      // Its client has gone. An end from this side has been noted already. Not here: whoever cancels holds the task's
      // own lock, for which `flush` waits with ours held.
      if case .cancelled = reason { self?.queue.async { [weak self] in self?.close(id) } }
    }
    return stream
  }

  private func close(_ id: Int) {
    shared.withLock { shared in
      shared.sinks[id] = nil
      shared.state.endWatch(id)
      shared.state.outbox.removeAll { $0.watch == id }
    }
  }

  /// Hands out the lines that have collected, and sets the timer to what is due next.
  private func flush(_ shared: inout Shared) {
    let outbox = shared.state.outbox
    shared.state.outbox = []
    var pending: [Int: [UInt8]] = [:]
    var order: [Int] = []
    var ended: Set<Int> = []
    for output in outbox {
      if let lines = output.lines {
        if pending[output.watch] == nil { order.append(output.watch) }
        pending[output.watch, default: []].append(contentsOf: lines)
      } else {
        ended.insert(output.watch)
      }
    }
    for id in order {
      guard let sink = shared.sinks[id] else { continue }
      if case .dropped = sink.yield(pending[id] ?? []) {
        // Too slow a reader: the stream ends, as an API server ends it.
        ended.insert(id)
        shared.state.endWatch(id)
      }
    }
    for id in ended { shared.sinks.removeValue(forKey: id)?.finish() }
    guard !isManual, let due = shared.state.nextDue() else { return }
    if let armed = shared.armed, armed <= due { return }
    shared.armed = due
    timer.schedule(deadline: .now() + .microseconds(Int(max(0, due.since(clockTime).microseconds))))
  }
}
