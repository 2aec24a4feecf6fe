internal import KubernetesObjects

/// Decides how a copy of a collection is kept up to date: list, then watch from where the list ended, list again when
/// the server says that it must be. Source: client-go, tools/cache/reflector.go; what servers really answer is in the
/// recorded exchanges `g`, `q` and `r`.
///
/// Pure. Each event returns the one thing to do next. A resourceVersion is opaque: it is passed on, never compared.
struct ReflectorStateMachine: Sendable {
  /// What is to be done next.
  enum Action: Sendable, Hashable {
    /// List; `nil` asks for the most recent state, "0" for any.
    case list(resourceVersion: String?)
    /// Watch everything after this.
    case watch(from: String)
    /// Read the next event of the open watch.
    case read
    /// Wait, then call ``waited()``.
    case wait(Duration)
  }

  /// What an open watch said.
  enum Event: Sendable, Hashable {
    /// An object's change, with the resourceVersion after it.
    case object(resourceVersion: String)
    case bookmark(resourceVersion: String)
    /// An `ERROR` event.
    case error(Failure)
    /// Of a type we do not know; passed over.
    case unknown
  }

  /// Why a list or a watch failed, as far as it decides what follows.
  enum Failure: Sendable, Hashable {
    /// The resourceVersion is too old (410) or lies in the server's future: only a fresh list helps.
    case resourceVersionUnusable
    /// No answer at all. Nothing is known to be wrong with what we have: watch on from there.
    case unreachable
    /// 429; with what the server asked for.
    case throttled(retryAfter: Duration?)
    case other(retryAfter: Duration?)
  }

  private enum State: Sendable {
    /// → `listing` or `watching`, by `start()`.
    case idle
    /// → `watching`, or `waiting` after a failure.
    case listing(resourceVersion: String?)
    /// → `watching` again at its end, `listing` on 410, `waiting` after a failure. `since` is when it was asked for.
    case watching(from: String, since: Duration, hasSpoken: Bool)
    /// → what `next` says, by `waited()`.
    case waiting(next: Next)
  }

  private enum Next: Sendable {
    case list(resourceVersion: String?)
    case watch(from: String)
  }

  private var state = State.idle
  private var backoff: Backoff
  /// Lists that were forced by an unusable resourceVersion, without any progress between them.
  private var fruitlessLists = 0
  /// Watches that failed for no reason of ours, without an event between them.
  private var failedWatches = 0

  /// How often a watch is opened again from the same place before the state is listed anew.
  static let watchesBeforeList = 3
  /// A watch that ends sooner, and without an event, is a failure of something between us and the server.
  static let shortestWatch: Duration = .seconds(1)

  /// Servers send a bookmark about every 60 s. A watch that says nothing at all for this long may have been asked for a
  /// version of the server's future, as after etcd was restored: 200 and silence, for ever. A list tells.
  static let suspiciousSilence: Duration = .seconds(120)

  /// Begins with a list of any state that the server has at hand.
  init(backoff: Backoff = Backoff()) {
    self.backoff = backoff
  }

  mutating func start(at now: Duration) -> Action {
    take(.list(resourceVersion: "0"), at: now)
  }

  /// The list came, whole.
  mutating func listed(resourceVersion: String, at now: Duration) -> Action {
    guard case .listing = state else { return illegal() }
    failedWatches = 0
    return take(.watch(from: resourceVersion), at: now)
  }

  /// The list failed.
  mutating func listFailed(_ failure: Failure, at now: Duration, random: Double) -> Action {
    guard case .listing(let resourceVersion) = state else { return illegal() }
    switch failure {
    case .resourceVersionUnusable:
      return listAnew(at: now, random: random)
    case .unreachable:
      return wait(atLeast: nil, then: .list(resourceVersion: resourceVersion), at: now, random: random)
    case .throttled(let retryAfter), .other(let retryAfter):
      return wait(atLeast: retryAfter, then: .list(resourceVersion: resourceVersion), at: now, random: random)
    }
  }

  /// The open watch said something.
  mutating func received(_ event: Event, at now: Duration, random: Double) -> Action {
    guard case .watching(let from, let since, _) = state else { return illegal() }
    switch event {
    case .object(let version), .bookmark(let version):
      fruitlessLists = 0
      failedWatches = 0
      state = .watching(from: version.isEmpty ? from : version, since: since, hasSpoken: true)
      return .read
    case .unknown:
      state = .watching(from: from, since: since, hasSpoken: true)
      return .read
    case .error(let failure):
      // The stream is over after an ERROR event; nobody needs to read it to its end.
      return watchFailed(failure, at: now, random: random)
    }
  }

  /// The watch ended in good order.
  mutating func watchEnded(at now: Duration, random: Double) -> Action {
    guard case .watching(let from, let since, let hasSpoken) = state else { return illegal() }
    if hasSpoken { return take(.watch(from: from), at: now) }
    let silence = now - since
    if silence < Self.shortestWatch {
      return wait(atLeast: nil, then: .list(resourceVersion: from), at: now, random: random)
    }
    return take(silence < Self.suspiciousSilence ? .watch(from: from) : .list(resourceVersion: from), at: now)
  }

  /// The watch could not be opened, or broke.
  mutating func watchFailed(_ failure: Failure, at now: Duration, random: Double) -> Action {
    guard case .watching(let from, let since, let hasSpoken) = state else { return illegal() }
    switch failure {
    case .resourceVersionUnusable:
      return listAnew(at: now, random: random)
    case .unreachable:
      let isSuspicious = !hasSpoken && now - since >= Self.suspiciousSilence
      return wait(
        atLeast: nil, then: isSuspicious ? .list(resourceVersion: from) : .watch(from: from), at: now, random: random)
    case .throttled(let retryAfter):
      return wait(atLeast: retryAfter, then: .watch(from: from), at: now, random: random)
    case .other(let retryAfter):
      failedWatches += 1
      guard failedWatches >= Self.watchesBeforeList else {
        return wait(atLeast: retryAfter, then: .watch(from: from), at: now, random: random)
      }
      failedWatches = 0
      return wait(atLeast: retryAfter, then: .list(resourceVersion: nil), at: now, random: random)
    }
  }

  /// The wait is over.
  mutating func waited(at now: Duration) -> Action {
    guard case .waiting(let next) = state else { return illegal() }
    return take(next, at: now)
  }

  /// At once the first time; a server that refuses the version of its own fresh list is given time.
  private mutating func listAnew(at now: Duration, random: Double) -> Action {
    fruitlessLists += 1
    guard fruitlessLists > 1 else { return take(.list(resourceVersion: nil), at: now) }
    return wait(atLeast: nil, then: .list(resourceVersion: nil), at: now, random: random)
  }

  private mutating func wait(
    atLeast minimum: Duration?, then next: Next, at now: Duration, random: Double
  ) -> Action {
    state = .waiting(next: next)
    let delay = backoff.wait(at: now, random: random)
    return .wait(max(delay, min(minimum ?? .zero, .seconds(60))))
  }

  private mutating func take(_ next: Next, at now: Duration) -> Action {
    switch next {
    case .list(let resourceVersion):
      state = .listing(resourceVersion: resourceVersion)
      return .list(resourceVersion: resourceVersion)
    case .watch(let from):
      state = .watching(from: from, since: now, hasSpoken: false)
      return .watch(from: from)
    }
  }

  /// Our own shell broke the order: a defect in debug builds, a fresh start otherwise.
  private mutating func illegal() -> Action {
    assertionFailure("the reflector's shell called out of order")
    state = .listing(resourceVersion: nil)
    return .list(resourceVersion: nil)
  }
}
