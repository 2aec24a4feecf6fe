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

  private struct State {
    var reflectors: [Key: any AnyReflector] = [:]
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
  /// - Parameter idleTimeout: how long a list+watch without subscribers is kept, at least; twice that at most.
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
        return Array(state.reflectors.values)
      }
      for reflector in reflectors { reflector.stop() }
    }
  }

  /// Follows the objects of a kind in a namespace. Its first update comes when the state is known.
  public func subscribe<Object: KubernetesResource>(
    to type: Object.Type, in namespace: String, where filter: ObjectFilter<Object> = .all
  ) -> ObjectSubscription<Object> {
    let key = Key(type: ObjectIdentifier(type), namespace: namespace)
    return state.withLock { state in
      guard !state.hasEnded else { return ObjectSubscription() }
      if let reflector = state.reflectors[key] as? Reflector<Object>, let subscription = reflector.subscribe(filter) {
        return subscription
      }
      let reflector = Reflector<Object>(
        client: client, namespace: namespace, idleTimeout: idleTimeout, logger: logger)
      state.reflectors[key] = reflector
      newJobs.yield(Job(key: key, reflector: reflector))
      return reflector.subscribe(filter) ?? ObjectSubscription()
    }
  }

  /// How many list+watches there are.
  public var reflectorCount: Int {
    state.withLock { $0.reflectors.count }
  }

  private func remove(_ job: Job) {
    state.withLock { state in
      if state.reflectors[job.key] === job.reflector { state.reflectors[job.key] = nil }
    }
  }
}

/// A reflector of whatever kind.
private protocol AnyReflector: AnyObject, Sendable {
  func run() async
  func stop()
}

extension Reflector: AnyReflector {}
