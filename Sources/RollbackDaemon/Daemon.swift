internal import Glibc
internal import HTTPClient
internal import KubernetesClient
internal import LinuxIO
internal import Logging
internal import Postgres
internal import RegistryClient
internal import RollbackService
internal import TTRPC
internal import TTRPCCore

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

/// Runs the daemon's parts: started in the order in which they need each other, stopped in reverse.
struct Daemon {
  private let configuration: DaemonConfiguration
  let log: Logger
  private let logWriter: LogWriter
  private let notifier: SystemdNotifier
  /// How long the end waits for whoever reads the log.
  private static let logPatience = Duration.seconds(1)
  /// For sixteen namespaces.
  private static let fewestWatches = 64

  init(_ configuration: DaemonConfiguration) {
    self.configuration = configuration
    let isJournal = Program.variable("JOURNAL_STREAM") != nil
    let writer = StderrLogHandler.writer(
      label: "rollbackd", format: configuration.logFormat, hasLevelPrefix: isJournal)
    logWriter = writer
    log = Logger(label: "rollbackd") { label in
      StderrLogHandler(
        label: label, level: configuration.logLevel, format: configuration.logFormat, hasLevelPrefix: isJournal,
        writer: writer)
    }
    notifier = SystemdNotifier(environment: Program.environment(), processID: getpid())
  }

  /// Serves until SIGTERM or SIGINT and returns 0; a second signal ends the process at once.
  func serve() async throws -> Int32 {
    logWriter.start()
    // Whatever ends it: what was logged is written, unless nobody reads it.
    defer { logWriter.finish(within: Self.logPatience) }
    #if ROLLBACKD_FAILPOINTS
      try armFailpoints()
    #endif
    // Whatever can be wrong with the surroundings is found before the first loop starts.
    let watches = try maximumWatches(within: DescriptorLimit.raise())
    let access = try clusterAccess()
    let listeners = try makeListeners()
    let front = try EventLoop.start(label: "front")
    let cluster = try EventLoop.start(label: "cluster")
    let parts = try DaemonParts(
      configuration, access: access, maximumWatches: watches, front: front, cluster: cluster, log: log)
    let end = try await run(parts, listeners, front: front, cluster: cluster)
    await parts.registry?.shutDown()
    await parts.kubernetes.shutDown()
    for loop in [front, cluster] {
      loop.stop()
      loop.join()
    }
    #if ROLLBACKD_FAILPOINTS
      // Nothing is left that an error could be told to.
      try? await Failpoint.drained.reach()
    #endif
    return try end.get()
  }

  /// As many watches as the descriptors allow that are left beside everything else.
  ///
  /// Without a reserve beyond the clients, they would leave none for PostgreSQL and the API server.
  private func maximumWatches(within limit: Int) throws(DaemonStartError) -> Int {
    // Refused clients, the requests to the API server and the registry, and 64 for loops, listeners, look-ups and the
    // like.
    let clients = configuration.maximumConnections
    let others = TransportLimits().maximumRefusedConnections + 2 * HTTPClientConfiguration().maximumConnections + 64
    let needed = clients + configuration.database.maximumConnections + others + Self.fewestWatches
    guard needed > limit else {
      // A connection that is being replaced has its successor beside it for a while.
      return min(KubernetesClientConfiguration().maximumWatches, Self.fewestWatches + (limit - needed) / 2)
    }
    throw DaemonStartError(
      description: """
        --max-connections \(clients) needs \(needed) descriptors and this process may have \(limit); raise its limit \
        (LimitNOFILE= of systemd, ulimit -Hn) or lower the number
        """, exitCode: 78)
  }

  private func clusterAccess() throws -> ClusterAccess {
    do throws(KubeconfigError) {
      let found = try KubeconfigLoader(environment: Program.environment())
        .find(path: configuration.kubeconfigPath, context: configuration.kubeContext)
      for warning in found.warnings { log.warning("\(warning)") }
      return found.access
    } catch {
      throw DaemonStartError(description: "\(error)", exitCode: 78)
    }
  }

  private func makeListeners() throws -> ListenerBox {
    let inherited = try SystemdListeners.take()
    if !inherited.isEmpty { return ListenerBox(inherited: inherited) }
    do throws(SystemError) {
      return ListenerBox(
        own: try UnixListener.bind(
          to: UnixAddress(path: configuration.socketPath), mode: configuration.socketMode,
          groupID: configuration.socketGroupID))
    } catch {
      throw DaemonStartError(
        description: "cannot listen on \(configuration.socketPath): \(error)",
        exitCode: error.code == EADDRINUSE ? 69 : 78)
    }
  }

  /// What the daemon's course turns on.
  private enum Turn: Sendable {
    case schema(SchemaGate<LoopClock>.Finding)
    /// Somebody wants it to end.
    case stop
  }

  /// Runs everything; the result is 0, or why the daemon could not go on.
  private func run(
    _ parts: DaemonParts, _ listeners: ListenerBox, front: EventLoop, cluster: EventLoop
  ) async throws -> Result<Int32, any Error> {
    let signals = try await SignalStream.start([SIGTERM, SIGINT, SIGHUP], on: front)
    defer { signals.cancel() }
    return await withTaskGroup(of: Void.self) { group in
      group.addTask(executorPreference: front) { await parts.runDatabase() }
      group.addTask(executorPreference: cluster) { await parts.observer.run() }
      let (turns, turn) = AsyncStream.makeStream(of: Turn.self)
      group.addTask {
        await signals.untilStop(log: log)
        turn.yield(.stop)
      }
      group.addTask(executorPreference: front) {
        await parts.gate.run(within: configuration.startGrace) { turn.yield(.schema($0)) }
      }
      let (handedOver, handOver) = AsyncStream.makeStream(of: Never.self)
      let (served, end) = AsyncStream.makeStream(of: Never.self)
      var isWorking = false
      var isServing = false
      var refusal: DaemonStartError?
      course: for await turn in turns {
        switch turn {
        case .stop: break course
        case .schema(.refused(let error)):
          refusal = error
          break course
        case .schema(.degraded): break
        case .schema(.open):
          isWorking = true
          group.addTask(executorPreference: cluster) {
            await parts.service.run()
            handOver.finish()
          }
          group.addTask(executorPreference: front) { await parts.auditListener.run() }
        }
        if !isServing {
          await listeners.hand(to: parts.server)
          group.addTask(executorPreference: front) {
            await parts.server.run()
            end.finish()
          }
          group.addTask {
            await Watchdog(parts: parts, notifier: notifier, front: front, cluster: cluster, log: log).run()
          }
        }
        announce(turn, isLate: isServing)
        isServing = true
      }
      notifier.stopping(status: "handing operations over, finishing calls")
      log.notice("stopping")
      guard isServing else {
        group.cancelAll()
        return refusal.map { .failure($0) } ?? .success(0)
      }
      if refusal == nil { group.addTask { await signals.endProcessAtNextStop() } }
      // One span for both: systemd's own (TimeoutStopSec) is not much longer. Without a schema nothing has begun.
      let drain = refusal == nil ? configuration.drainTimeout : .seconds(1)
      let drainEnd = ContinuousClock.now + drain
      parts.service.stop()
      parts.server.shutDown(within: drain)
      #if ROLLBACKD_FAILPOINTS
        // Nobody waits for an answer: an error has no effect here.
        try? await Failpoint.draining.reach()
      #endif
      for await _ in served {}
      // Where the database is away, leases run out instead of being handed over.
      if isWorking { await within(drainEnd - ContinuousClock.now, LoopClock(front)) { for await _ in handedOver {} } }
      group.cancelAll()
      return refusal.map { .failure($0) } ?? .success(0)
    }
  }

  /// Waits for the end of `wait`, which cancellation ends, for at most so long.
  private func within(_ limit: Duration, _ clock: LoopClock, _ wait: @escaping @Sendable () async -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await wait() }
      // Ends early only when the other was first.
      group.addTask { try? await clock.sleep(until: clock.now.advanced(by: limit), tolerance: nil) }
      await group.next()
      group.cancelAll()
    }
  }

  private func announce(_ turn: Turn, isLate: Bool) {
    guard case .schema(let finding) = turn else { return }
    switch finding {
    case .open:
      if isLate { notifier.status("serving") } else { notifier.ready(status: "serving") }
      log.notice(
        "serving",
        metadata: [
          "version": "\(Program.version)", "socket": "\(configuration.socketPath)", "host": "\(configuration.hostName)",
        ])
    case .degraded(let why):
      notifier.ready(status: "degraded: \(why)")
      log.warning("serving without the database", metadata: ["cause": "\(why)"])
    case .refused: break
    }
  }
}

/// The listening sockets, on their way from the start to the server.
///
/// `@unchecked Sendable`: handed over once, by the one task that starts the daemon.
final class ListenerBox: @unchecked Sendable {
  private var own: UnixListener?
  private let inherited: [FileDescriptorBox]

  init(own: consuming UnixListener) {
    self.own = .some(own)
    inherited = []
  }

  init(inherited: [FileDescriptorBox]) {
    own = nil
    self.inherited = inherited
  }

  /// Lets the server listen on them.
  func hand(to server: TTRPCServer) async {
    if let listener = own.take() { await server.listen(on: listener) }
    for box in inherited {
      // Checked when they were taken over; one that is no socket any more is left out.
      guard let descriptor = box.take(), let listener = try? UnixListener.inherit(descriptor) else { continue }
      await server.listen(on: listener)
    }
  }
}
