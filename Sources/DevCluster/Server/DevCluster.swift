internal import Foundation
internal import Locking

/// A Kubernetes cluster in memory: the API's behaviour around Deployments, served over HTTP on loopback.
///
/// Nothing listens, and no time passes, before `run()`. It keeps no files and forgets everything when it ends.
public final class DevCluster: Sendable {
  /// How a development cluster is set up.
  public struct Configuration: Sendable {
    /// The address that is listened on.
    public var host = "127.0.0.1"
    /// The port that is listened on; 0: any free one.
    public var port = 0
    /// Whether TLS is spoken, with a certificate that `openssl` makes. Without it the token is not asked for where a
    /// request has none, because `kubectl` sends none over plain HTTP.
    public var usesTLS = true
    /// The token of the administrator whom the kubeconfig names; `nil`: a random one.
    public var token: String?
    /// Further users by their tokens.
    public var users: [String: User] = [:]
    /// Speeds of the simulated parts.
    public var timing = ClusterTiming()
    /// Time passes only by `advance(by:)`, so that a test holds the clock.
    public var isManuallyTimed = false
    /// What names and uids are derived from.
    public var seed: UInt64 = .random(in: 0 ... .max)
    /// How many changes of each type are kept, at least, for watches to start from.
    public var historyLimit = 1000
    /// How many unread chunks end a watch whose client reads too slowly.
    public var watchBacklog = 1000
    /// How many nodes there are.
    public var nodes = 2
    /// Digests (`sha256:…`) that nodes report for images, by reference.
    public var imageDigests: [String: String] = [:]

    public init() {}
  }

  /// Somebody who may do less than everything.
  public struct User: Sendable {
    public var name: String
    public var rules: [AccessRule]

    public init(name: String, rules: [AccessRule]) {
      self.name = name
      self.rules = rules
    }
  }

  let configuration: Configuration
  let token: String
  let engine: ClusterEngine
  let listening: Listening
  let certificate: ServerCertificate?

  /// Throws `DevClusterError` where TLS is wanted and no certificate can be made; blocks while `openssl` makes it.
  public init(_ configuration: Configuration = Configuration()) throws {
    self.configuration = configuration
    token = configuration.token ?? UUID().uuidString.lowercased()
    engine = ClusterEngine(configuration)
    listening = Listening()
    certificate = configuration.usesTLS ? try ServerCertificate.make() : nil
  }

  /// Where the API is; suspends until `run()` listens. Throws `CancellationError` where that has ended before.
  public var baseURL: String {
    get async throws { "http\(certificate == nil ? "" : "s")://\(configuration.host):\(try await listening.port)" }
  }

  /// A kubeconfig for the cluster's administrator; suspends until `run()` listens.
  public var kubeconfig: String {
    get async throws {
      let url = try await baseURL
      let authority = certificate.map {
        "\n    certificate-authority-data: " + Data($0.certificate.utf8).base64EncodedString()
      }
      return """
        apiVersion: v1
        kind: Config
        current-context: development
        clusters:
        - name: development
          cluster:
            server: \(url)\(authority ?? "")
        users:
        - name: admin
          user:
            token: \(token)
        contexts:
        - name: development
          context:
            cluster: development
            user: admin
            namespace: default

        """
    }
  }
}

/// Faults, time, and what the cluster saw: for tests.
extension DevCluster {
  /// Lets something go wrong with some of the next requests.
  public func inject(_ fault: Fault) { engine.inject(fault) }

  /// Takes back all faults and the freeze.
  public func clearFaults() { engine.clearFaults() }

  /// Holds all answers back until that much real time has passed. Open watches go on.
  public func freeze(for span: Duration) { engine.freeze(for: span) }

  /// Ends all open watches, without an event.
  public func dropWatches() { engine.dropWatches() }

  /// What clients see of an API server's restart: watches end, and their history is lost.
  public func restart() { engine.restart() }

  /// Lets time pass where `isManuallyTimed`.
  public func advance(by span: Duration) { engine.advance(by: span) }

  /// The newest requests, oldest first.
  public var requests: [LoggedRequest] { engine.requests() }

  /// Writes to Deployments' specs and annotations that changed something, oldest first, the controller's included.
  public var effectiveWrites: [EffectiveWrite] { engine.writes() }

  /// Suspends until at least that many watches are open at once.
  public func waitForWatches(_ count: Int) async { await engine.waitForWatches(count) }

  /// How many watches are open.
  public var openWatches: Int { engine.withState { $0.watches.count } }
}

/// The port of a server that is starting.
final class Listening: Sendable {
  private enum State {
    case waiting([CheckedContinuation<Int, any Error>])
    case listening(Int)
    case ended
  }

  private let state = Locked(State.waiting([]))

  var port: Int {
    get async throws {
      try await withCheckedThrowingContinuation { continuation in
        let known: Result<Int, any Error>? = state.withLock { state in
          switch state {
          case .waiting(let waiting):
            state = .waiting(waiting + [continuation])
            return nil
          case .listening(let port): return .success(port)
          case .ended: return .failure(CancellationError())
          }
        }
        if let known { continuation.resume(with: known) }
      }
    }
  }

  func begin(port: Int) { settle(.listening(port), .success(port)) }
  func end() { settle(.ended, .failure(CancellationError())) }

  private func settle(_ new: State, _ result: Result<Int, any Error>) {
    let waiting = state.withLock { state in
      defer { state = new }
      if case .waiting(let waiting) = state { return waiting }
      return []
    }
    for continuation in waiting { continuation.resume(with: result) }
  }
}
