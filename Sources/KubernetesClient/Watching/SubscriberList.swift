internal import KubernetesObjects

/// The subscribers of one collection, found by what a change concerns. Pure but for the continuations, which it only
/// stores.
struct SubscriberList<Object: KubernetesObject>: Sendable {
  typealias Waiter = CheckedContinuation<ObjectUpdate<Object>?, Never>

  private struct Subscriber: Sendable {
    var inbox: SubscriberInbox<Object>
    var waiter: Waiter?
  }

  /// A waiter to resume, outside the lock.
  struct Wakeup: Sendable {
    let waiter: Waiter
    let update: ObjectUpdate<Object>?

    func resume() { waiter.resume(returning: update) }
  }

  enum Requested: Sendable {
    case now(ObjectUpdate<Object>?)
    case wait
  }

  private var subscribers: [Int: Subscriber] = [:]
  private var byKey: [String: Set<Int>] = [:]
  private var unindexed: Set<Int> = []
  private var lastID = 0

  init() {}

  var isEmpty: Bool { subscribers.isEmpty }
  /// How many have ever come: tells whether anybody came between two looks.
  var everAdded: Int { lastID }

  mutating func add(_ inbox: SubscriberInbox<Object>) -> Int {
    lastID += 1
    subscribers[lastID] = Subscriber(inbox: inbox)
    if let key = inbox.filter.indexKey {
      byKey[key, default: []].insert(lastID)
    } else {
      unindexed.insert(lastID)
    }
    return lastID
  }

  mutating func remove(_ id: Int) -> Wakeup? {
    guard let subscriber = subscribers.removeValue(forKey: id) else { return nil }
    if let key = subscriber.inbox.filter.indexKey {
      byKey[key]?.remove(id)
      if byKey[key]?.isEmpty == true { byKey[key] = nil }
    } else {
      unindexed.remove(id)
    }
    return subscriber.waiter.map { Wakeup(waiter: $0, update: nil) }
  }

  /// The subscriber asks for what is new. Nil for one that is gone.
  mutating func request(_ id: Int, _ waiter: Waiter) -> Requested {
    guard let update = subscribers[id]?.inbox.take() else {
      guard subscribers[id] != nil else { return .now(nil) }
      precondition(subscribers[id]?.waiter == nil, "a subscription has one reader")
      subscribers[id]?.waiter = waiter
      return .wait
    }
    return .now(update)
  }

  /// The reader of a subscriber was cancelled; the subscriber stays.
  mutating func cancelWait(_ id: Int) -> Wakeup? {
    guard let waiter = subscribers[id]?.waiter else { return nil }
    subscribers[id]?.waiter = nil
    return Wakeup(waiter: waiter, update: nil)
  }

  /// Hands the complete state to those who wait for it.
  mutating func sync(_ objects: some Sequence<Object>) -> [Wakeup] {
    update(subscribers.keys) { $0.sync(objects) }
  }

  mutating func receive(_ changes: [ObjectStore<Object>.Change]) -> [Wakeup] {
    var concerned: Set<Int> = []
    for change in changes {
      let interested = subscribers(concernedBy: change)
      for id in interested { subscribers[id]?.inbox.receive(change) }
      concerned.formUnion(interested)
    }
    return wakeups(concerned)
  }

  mutating func receive(_ reachability: Reachability) -> [Wakeup] {
    update(subscribers.keys) { $0.receive(reachability) }
  }

  /// Everybody's end.
  mutating func removeAll() -> [Wakeup] {
    Array(subscribers.keys).compactMap { remove($0) }
  }

  /// Those whose key the object has, or had before: it may have ceased to match.
  private func subscribers(concernedBy change: ObjectStore<Object>.Change) -> Set<Int> {
    var found = unindexed
    guard !byKey.isEmpty else { return found }
    let object: Object
    let before: Object?
    switch change {
    case .changed(let new, let old): (object, before) = (new, old)
    case .deleted(let new, let old): (object, before) = (new, old)
    }
    var keys = ObjectIndex.keys(of: object.metadata)
    if let before, before.metadata != object.metadata { keys += ObjectIndex.keys(of: before.metadata) }
    for key in keys {
      if let ids = byKey[key] { found.formUnion(ids) }
    }
    return found
  }

  private mutating func update(
    _ ids: some Sequence<Int>, _ body: (inout SubscriberInbox<Object>) -> Void
  ) -> [Wakeup] {
    let ids = Array(ids)
    for id in ids {
      guard var subscriber = subscribers[id] else { continue }
      body(&subscriber.inbox)
      subscribers[id] = subscriber
    }
    return wakeups(ids)
  }

  private mutating func wakeups(_ ids: some Sequence<Int>) -> [Wakeup] {
    var wakeups: [Wakeup] = []
    for id in ids {
      guard let waiter = subscribers[id]?.waiter, let update = subscribers[id]?.inbox.take() else { continue }
      subscribers[id]?.waiter = nil
      wakeups.append(Wakeup(waiter: waiter, update: update))
    }
    return wakeups
  }
}
