internal import KubernetesObjects
internal import Locking
internal import Logging

/// The copy of one kind in one namespace, kept by one list+watch, and its subscribers.
final class Reflector<Object: KubernetesResource>: Sendable {
  private struct State: Sendable {
    var store = ObjectStore<Object>()
    var subscribers = SubscriberList<Object>()
    var reachability = Reachability.reachable
    /// Nobody may subscribe any more.
    var isStopped = false
  }

  private let client: KubernetesClient
  private let namespace: String
  private let idleTimeout: Duration
  private let logger: Logger
  private let state = Locked(State())
  /// Ends when it is stopped.
  private let stopping: AsyncStream<Never>
  private let stopped: AsyncStream<Never>.Continuation

  init(client: KubernetesClient, namespace: String, idleTimeout: Duration, logger: Logger) {
    self.client = client
    self.namespace = namespace
    self.idleTimeout = idleTimeout
    self.logger = logger
    (stopping, stopped) = AsyncStream.makeStream(of: Never.self)
  }

  /// Keeps the copy until nobody has wanted it for a while, it is stopped or the task is cancelled; then every
  /// subscription ends.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.follow() }
      group.addTask { await self.waitUntilUnused() }
      group.addTask { for await _ in self.stopping {} }
      await group.next()
      group.cancelAll()
    }
    stop()
  }

  /// Ends every subscription, now and from now on. Harmless twice.
  func stop() {
    let wakeups = state.withLock { state in
      state.isStopped = true
      return state.subscribers.removeAll()
    }
    for wakeup in wakeups { wakeup.resume() }
    stopped.finish()
  }

  /// Stops it unless somebody has subscribed; whether it did.
  func stopIfUnused() -> Bool {
    stop { $0.isEmpty }
  }

  private func stop(if isUnused: (SubscriberList<Object>) -> Bool) -> Bool {
    let isUnused = state.withLock { state in
      guard !state.isStopped, isUnused(state.subscribers) else { return false }
      state.isStopped = true
      return true
    }
    if isUnused { stopped.finish() }
    return isUnused
  }

  /// Nil when it has stopped: make another one.
  func subscribe(_ filter: ObjectFilter<Object>) -> ObjectSubscription<Object>? {
    let id: Int? = state.withLock { state in
      guard !state.isStopped else { return nil }
      var inbox = SubscriberInbox(filter: filter, reachability: state.reachability)
      if state.store.isSynced { inbox.sync(state.store.all) }
      return state.subscribers.add(inbox)
    }
    return id.map { ObjectSubscription(reflector: self, id: $0) }
  }

  func unsubscribe(_ id: Int) {
    state.withLock { $0.subscribers.remove(id) }?.resume()
  }

  /// What is new for a subscriber; nil when the subscription or the task has ended.
  func next(_ id: Int) async -> ObjectUpdate<Object>? {
    await withTaskCancellationHandler {
      await withCheckedContinuation { waiter in
        // A cancellation that comes between these two finds the waiter in place.
        let requested: SubscriberList<Object>.Requested = state.withLock { state in
          Task.isCancelled ? .now(nil) : state.subscribers.request(id, waiter)
        }
        if case .now(let update) = requested { waiter.resume(returning: update) }
      }
    } onCancel: {
      state.withLock { $0.subscribers.cancelWait(id) }?.resume()
    }
  }

  private func follow() async {
    var feed = ObjectFeed<Object>(client: client, namespace: namespace, selection: .all)
    while let step = await feed.next() { apply(step) }
  }

  private func apply(_ step: ObjectFeed<Object>.Step) {
    let wakeups = state.withLock { state in
      switch step {
      case .replaced(let objects):
        let changes = state.store.replace(with: objects)
        return state.subscribers.receive(changes) + state.subscribers.sync(state.store.all)
      case .changed(let object):
        return state.subscribers.receive(state.store.change(object))
      case .deleted(let object):
        return state.subscribers.receive(state.store.delete(object))
      case .reachability(let reachability):
        log(reachability, before: state.reachability)
        state.reachability = reachability
        return state.subscribers.receive(reachability)
      }
    }
    for wakeup in wakeups { wakeup.resume() }
  }

  /// Looks once in a while whether anybody is, or was, there.
  private func waitUntilUnused() async {
    var seen = -1
    while (try? await client.time.sleep(idleTimeout)) != nil {
      let ever = state.withLock { $0.subscribers.everAdded }
      if stop(if: { $0.isEmpty && $0.everAdded == seen }) { return }
      seen = ever
    }
  }

  private func log(_ reachability: Reachability, before: Reachability) {
    let what = "\(Object.resource.plural) in \(namespace)"
    switch (reachability, before) {
    case (.unreachable(_, let error), .reachable): logger.warning("lost sight of \(what): \(error)")
    case (.reachable, .unreachable): logger.notice("see \(what) again")
    default: break
    }
  }
}

/// A subscriber's updates: first the complete state, then whatever changed since the last time it asked.
///
/// One reader. `next()` suspends until there is something new, and returns nil when the reading task is cancelled or the
/// ``ClusterObserver`` has ended. Letting go of the subscription ends it.
public struct ObjectSubscription<Object: KubernetesResource>: AsyncSequence, Sendable {
  public typealias Element = ObjectUpdate<Object>
  public typealias Failure = Never

  private final class Token: Sendable {
    let reflector: Reflector<Object>
    let id: Int

    init(reflector: Reflector<Object>, id: Int) {
      self.reflector = reflector
      self.id = id
    }

    deinit {
      reflector.unsubscribe(id)
    }
  }

  /// Nil for a subscription that came after the end.
  private let token: Token?

  init(reflector: Reflector<Object>, id: Int) {
    token = Token(reflector: reflector, id: id)
  }

  /// A subscription that has ended already.
  init() {
    token = nil
  }

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(subscription: self)
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    let subscription: ObjectSubscription

    public func next() async -> ObjectUpdate<Object>? {
      guard let token = subscription.token else { return nil }
      return await token.reflector.next(token.id)
    }
  }
}
