internal import HTTPClient
internal import KubernetesObjects

/// One list+watch, pulled by its reader: the shell around ``ReflectorStateMachine``.
///
/// It holds nothing but the open stream: who does not pull gets the server's next events later, or, when too many pile
/// up, a stream that is opened again where it was left.
struct ObjectFeed<Object: KubernetesResource> {
  /// What the reader learns.
  enum Step: Sendable {
    /// The whole state; whatever is not among these is gone.
    case replaced([Object])
    case changed(Object)
    case deleted(Object)
    case reachability(Reachability)
  }

  private let client: KubernetesClient
  private let namespace: String
  private let selection: Selection
  private var machine: ReflectorStateMachine
  private var action: ReflectorStateMachine.Action?
  private var events: WatchStream<Object>.AsyncIterator?
  private var reachability = Reachability.reachable
  private var reported = Reachability.reachable

  init(client: KubernetesClient, namespace: String, selection: Selection) {
    self.client = client
    self.namespace = namespace
    self.selection = selection
    machine = ReflectorStateMachine()
  }

  /// The next thing to know; nil only when the task is cancelled.
  mutating func next() async -> Step? {
    while !Task.isCancelled {
      if reachability != reported {
        reported = reachability
        return .reachability(reachability)
      }
      let step: Step?
      switch action ?? machine.start(at: now) {
      case .list(let resourceVersion): step = await list(resourceVersion)
      case .watch(let resourceVersion): step = await watch(from: resourceVersion)
      case .read: step = await read()
      case .wait(let delay): step = await wait(delay)
      }
      if let step { return step }
    }
    events = nil
    return nil
  }

  private var now: Duration { client.time.elapsed() }

  private mutating func list(_ resourceVersion: String?) async -> Step? {
    events = nil
    let version: KubernetesClient.ListVersion =
      switch resourceVersion {
      case nil: .mostRecent
      case "0": .any
      case let version?: .notOlderThan(version)
      }
    do throws(KubernetesError) {
      let list = try await client.list(Object.self, namespace: namespace, selection: selection, version: version)
      reachability = .reachable
      action = machine.listed(resourceVersion: list.metadata.resourceVersion, at: now)
      return .replaced(list.items)
    } catch {
      note(error)
      action = machine.listFailed(.init(error), at: now, random: client.time.random())
      return nil
    }
  }

  private mutating func watch(from resourceVersion: String) async -> Step? {
    // Between 5 and 10 minutes, so that the watches of many clients do not all end together.
    let timeout = Duration.seconds(300 + Int64(300 * client.time.random()))
    do throws(KubernetesError) {
      let stream = try await client.watch(
        Object.self, namespace: namespace, selection: selection, from: resourceVersion, timeout: timeout)
      events = stream.makeAsyncIterator()
      reachability = .reachable
      action = .read
    } catch {
      fail(error)
    }
    return nil
  }

  private mutating func read() async -> Step? {
    do throws(KubernetesError) {
      guard let event = try await events?.next() else {
        events = nil
        action = machine.watchEnded(at: now, random: client.time.random())
        return nil
      }
      return handle(event)
    } catch {
      fail(error)
      return nil
    }
  }

  private mutating func handle(_ event: WatchEvent<Object>) -> Step? {
    let seen: ReflectorStateMachine.Event
    let step: Step?
    switch event {
    case .added(let object), .modified(let object):
      seen = .object(resourceVersion: object.metadata.resourceVersion)
      step = .changed(object)
    case .deleted(let object):
      seen = .object(resourceVersion: object.metadata.resourceVersion)
      step = .deleted(object)
    case .bookmark(let bookmark):
      seen = .bookmark(resourceVersion: bookmark.resourceVersion)
      step = nil
    case .error(let status):
      let error = KubernetesError(status, request: "watch \(Object.resource.plural)")
      // An expired resourceVersion is part of a healthy server's life.
      if !error.isGone { note(error) }
      events = nil
      seen = .error(.init(error))
      step = nil
    case .unknown:
      seen = .unknown
      step = nil
    }
    action = machine.received(seen, at: now, random: client.time.random())
    return step
  }

  private mutating func wait(_ delay: Duration) async -> Step? {
    // Cancelled: the loop in `next` ends.
    guard (try? await client.time.sleep(delay)) != nil else { return nil }
    action = machine.waited(at: now)
    return nil
  }

  private mutating func fail(_ error: KubernetesError) {
    events = nil
    if !error.isGone { note(error) }
    action = machine.watchFailed(.init(error), at: now, random: client.time.random())
  }

  private mutating func note(_ error: KubernetesError) {
    guard error.code != .cancelled else { return }
    if case .unreachable(let since, _) = reachability {
      reachability = .unreachable(since: since, error: error)
    } else {
      reachability = .unreachable(since: client.time.wallClock(), error: error)
    }
  }
}
