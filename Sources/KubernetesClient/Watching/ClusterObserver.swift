internal import Locking
public import Logging

/// Lets any number of subscribers follow the cluster's objects at the price of one list+watch for each kind and
/// namespace, which begins with the first subscriber and ends some time after the last.
public final class ClusterObserver: Sendable {
  private struct Key: Hashable {
    let type: ObjectIdentifier
    let namespace: String
  }

  /// A reflector to run, whatever its kind.
  private struct Job: Sendable {
    let key: Key
    let reflector: any AnyReflector
  }

  private struct Entry {
    let reflector: any AnyReflector
    /// Which subscription was the last.
    var lastUse: Int
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var subscriptions = 0
    var hasEnded = false
  }

  private let client: KubernetesClient
  private let idleTimeout: Duration
  private let logger: Logger
  private let state = Locked(State())
  /// Reflectors that `run()` has yet to start: never more than there are kinds and namespaces.
  private let jobs: AsyncStream<Job>
  private let newJobs: AsyncStream<Job>.Continuation

  /// Starts nothing; ``run()`` does the work.
  ///
  /// - Parameter idleTimeout: how long a list+watch without subscribers is kept, at least; twice that at most. It ends
  ///   earlier where the client's ``KubernetesClientConfiguration/maximumWatches`` leave no room for another.
  public init(client: KubernetesClient, idleTimeout: Duration = .seconds(300), logger: Logger) {
    self.client = client
    self.idleTimeout = idleTimeout
    self.logger = logger
    (jobs, newJobs) = AsyncStream.makeStream(of: Job.self)
  }

  /// Keeps every list+watch that is wanted, until the task is cancelled; then every subscription ends. Once only.
  public func run() async {
    await withDiscardingTaskGroup { group in
      for await job in jobs {
        group.addTask {
          await job.reflector.run()
          self.remove(job)
        }
      }
      // Cancelled, and so are the children. Those that came too late to become one are ended here.
      group.cancelAll()
      let reflectors = state.withLock { state in
        state.hasEnded = true
        return state.entries.values.map(\.reflector)
      }
      for reflector in reflectors { reflector.stop() }
    }
  }

  /// Follows the objects of a kind in a namespace. Its first update comes when the state is known.
  public func subscribe<Object: KubernetesResource>(
    to type: Object.Type, in namespace: String, where filter: ObjectFilter<Object> = .all
  ) -> ObjectSubscription<Object> {
    let key = Key(type: ObjectIdentifier(type), namespace: namespace)
    let (subscription, excess) = state.withLock { state -> (ObjectSubscription<Object>, Int?) in
      guard !state.hasEnded else { return (ObjectSubscription(), nil) }
      state.subscriptions += 1
      if let reflector = state.entries[key]?.reflector as? Reflector<Object>,
        let subscription = reflector.subscribe(filter)
      {
        state.entries[key]?.lastUse = state.subscriptions
        return (subscription, nil)
      }
      makeRoom(&state)
      let reflector = Reflector<Object>(
        client: client, namespace: namespace, idleTimeout: idleTimeout, logger: logger)
      state.entries[key] = Entry(reflector: reflector, lastUse: state.subscriptions)
      newJobs.yield(Job(key: key, reflector: reflector))
      let count = state.entries.count
      return (
        reflector.subscribe(filter) ?? ObjectSubscription(), count > client.configuration.maximumWatches ? count : nil
      )
    }
    if let excess {
      logger.warning(
        "more is watched than there are connections for; what comes last is seen late",
        metadata: ["watches": "\(excess)"])
    }
    return subscription
  }

  /// How many list+watches there are.
  public var reflectorCount: Int {
    state.withLock { $0.entries.count }
  }

  /// Stops those without a subscriber, until there is room for one more: first the one whose last subscriber came first.
  private func makeRoom(_ state: inout State) {
    var excess = state.entries.count - client.configuration.maximumWatches + 1
    guard excess > 0 else { return }
    for (key, entry) in state.entries.sorted(by: { $0.value.lastUse < $1.value.lastUse })
    where excess > 0 && entry.reflector.stopIfUnused() {
      state.entries[key] = nil
      excess -= 1
    }
  }

  private func remove(_ job: Job) {
    state.withLock { state in
      if state.entries[job.key]?.reflector === job.reflector { state.entries[job.key] = nil }
    }
  }
}

/// A reflector of whatever kind.
private protocol AnyReflector: AnyObject, Sendable {
  func run() async
  func stop()
  func stopIfUnused() -> Bool
}

extension Reflector: AnyReflector {}
