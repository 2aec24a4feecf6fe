/// One deploy or rollback from its committed intent to its written outcome, as one daemon sees it.
///
/// A pure machine: it decides, a runner does. Three promises rest on it. The cluster is touched only by the holder of
/// the lease and at most once effectively. The outcome is written exactly once, guarded by the fencing token. Whatever
/// dies, somebody can continue: everything that is not in PostgreSQL or in the Deployment may be lost.
///
/// | state | meaning | goes to |
/// |---|---|---|
/// | `intended` | the row is there, its lease is not ours yet (a takeover) | claimed · ended |
/// | `claimed` | the lease is ours; the Deployment is being read, or will be | patching · waiting · finishing |
/// | `patching` | a PATCH is under way | waiting · claimed (conflict, unknown) · finishing |
/// | `waiting` | the patch is in; the verdict decides | finishing |
/// | `finishing` | the outcome is being written, or held while PostgreSQL is away | ended |
/// | `ended` | nothing more to do here: settled, lost or handed over | |
///
/// | event | intended | claimed | patching | waiting | finishing |
/// |---|---|---|---|---|---|
/// | lease claimed | read | – | – | – | – |
/// | lease not claimed | end: lost | – | – | – | – |
/// | lease about to run out | – | renew | renew | renew | renew |
/// | lease lapsed | – | touch nothing until renewed | same | go on watching | go on trying |
/// | lease lost | – | end: lost | end: lost | stop waiting, end: lost | end: lost, unless the writing's own guard is about to tell |
/// | read: patch needed | – | patch | – | – | – |
/// | read: already applied | – | wait | – | – | – |
/// | read: overtaken | – | finish superseded | – | – | – |
/// | read: refused, missing, recreated | – | finish failed | – | – | – |
/// | API server unreachable | – | read again later | read again later | – (the verdict's) | – |
/// | patched | – | – | wait | – | – |
/// | patch conflict | – | – | read again, at most 5 times | – | – |
/// | patch result unknown | – | – | read again: the annotation tells | – | – |
/// | patch refused | – | – | finish failed | – | – |
/// | verdict | – | – | – | finish | – |
/// | cancel requested | – (its holder's) | finish cancelled, after a reading if a patch may be in | noted | finish cancelled | – (too late) |
/// | time is up | – | finish timed out | after the answer | – (the verdict's) | – |
/// | outcome written | – | – | – | – | end: settled |
/// | outcome settled by another | – | – | – | – | end: settled elsewhere |
/// | PostgreSQL away | claim again later | renew later | renew later | renew later, hold frames | hold the outcome |
/// | PostgreSQL back | claim | renew | renew | renew | renew, write |
/// | drain | end | release, end | release, end | stop waiting, release, end | go on |
///
/// A dash is an event that cannot matter any more: an answer that crossed with a change of state. It is ignored, since
/// each answer is only worth something in the state that asked for it.
///
/// How a runner drives it: make one (`created:` or `resuming:`); call `begin`; perform the actions in order; feed each
/// result as an event with the instant at which it came; hold one timer, for the newest `wake`. After `end` drop it.
public struct OperationStateMachine: ~Copyable, Sendable {
  public typealias Instant = ContinuousClock.Instant

  enum State: Sendable {
    /// To `claimed` when the lease is won; ends when another holds it. `claiming`: an answer is awaited.
    case intended(claiming: Bool)
    /// To `patching`, `waiting` or `finishing`, by what is read. `reading`: an answer is awaited.
    case claimed(reading: Bool)
    /// To `waiting`, back to `claimed`, or to `finishing`.
    case patching
    /// To `finishing`, by the verdict or a cancellation.
    case waiting
    /// Ends when the outcome is settled. `writing`: an answer is awaited.
    case finishing(OperationOutcome, writing: Bool)
    /// Goes nowhere.
    case ended
  }

  let settings: OperationSettings
  var state: State
  var lease: Lease?
  /// The Deployment's uid as first read: another object of its name is never patched.
  var uid: String?
  var conflicts = 0
  /// Failed attempts in a row to reach the API server, for the back-off.
  var apiFailures = 0
  var databaseFailures = 0
  /// When to read the Deployment again, to claim again or to write again, in the state that wants it.
  var retryAt: Instant?
  /// A cancellation that came while it was not known whether the patch is in.
  var cancellation: String?
  /// Whether a patch may be in the cluster that nobody has seen there: its answer was lost, or another holder sent it.
  var isPatchUncertain: Bool
  let giveUpAt: Instant
  var lastWake: Instant?

  /// The lease as this daemon may rely on it.
  struct Lease: Sendable {
    var fence: Int64
    /// When the request that won or renewed it was *sent*: the database counted from a later moment, so these
    /// deadlines are early, never late.
    var countedFrom: Instant
    var renewAt: Instant
    var renewing = false
    /// Whether it was said that it lapsed.
    var lapseTold = false
  }

  /// An operation whose intent this daemon has just committed, with its lease.
  /// - Parameters:
  ///   - fence: the fencing token of the committed lease.
  ///   - sentAt: when the transaction that took the lease was begun.
  ///   - uid: the Deployment's, where it was read while planning; an object with another one is never patched.
  public init(created fence: Int64, sentAt: Instant, uid: String?, settings: OperationSettings, at now: Instant) {
    self.init(.claimed(reading: false), settings: settings, uid: uid, isPatchUncertain: false, at: now)
    lease = lease(fence: fence, from: sentAt)
  }

  /// An operation that was found `deploying` with its lease run out: another daemon began it.
  /// - Parameter uid: the Deployment's, where the intent recorded it.
  public init(resuming uid: String?, settings: OperationSettings, at now: Instant) {
    self.init(.intended(claiming: false), settings: settings, uid: uid, isPatchUncertain: true, at: now)
  }

  private init(
    _ state: consuming State, settings: OperationSettings, uid: String?, isPatchUncertain: Bool, at now: Instant
  ) {
    self.state = state
    self.settings = settings
    self.uid = uid
    self.isPatchUncertain = isPatchUncertain
    giveUpAt = now.advanced(by: settings.timeout)
  }

  /// The first actions. Call it once, before any event.
  public mutating func begin(at now: Instant) -> [OperationAction] {
    var actions: [OperationAction] = []
    switch state {
    case .intended:
      state = .intended(claiming: true)
      actions.append(.claimLease)
    default: read(at: now, &actions)
    }
    setTimer(&actions)
    return actions
  }

  /// Takes one event in; the actions are to be performed in their order.
  public mutating func handle(_ event: OperationEvent, at now: Instant) -> [OperationAction] {
    if case .ended = state { return [] }
    var actions: [OperationAction] = []
    switch event {
    case .leaseClaimed(let fence, let sentAt): leaseClaimed(fence, sentAt, at: now, &actions)
    case .leaseNotClaimed:
      if case .intended = state { end(.lost, &actions) }
    case .leaseRenewed(let sentAt): leaseRenewed(sentAt, at: now, &actions)
    case .leaseLost: loseLease(&actions)
    case .databaseUnavailable: databaseUnavailable(at: now, &actions)
    case .databaseBack: retryDatabase(at: now, &actions)
    case .deploymentRead(let reading): deploymentRead(reading, at: now, &actions)
    case .readFailed: readFailed(at: now, &actions)
    case .patched: patched(&actions)
    case .patchConflict: patchConflict(at: now, &actions)
    case .patchUnknown: patchUnknown(at: now, &actions)
    case .patchRefused(let why): patchRefused(why, &actions)
    case .verdict(let outcome):
      if case .waiting = state { finish(OperationOutcome(outcome), &actions) }
    case .cancelRequested(let who): cancel(who, &actions)
    case .outcomeWritten: settled(.settled, &actions)
    case .outcomeSettledElsewhere: settled(.settledElsewhere, &actions)
    case .drain: drain(&actions)
    case .timer:
      lastWake = nil
      timerFired(at: now, &actions)
    }
    setTimer(&actions)
    return actions
  }

  /// Whether the lease still allows to touch the cluster: it ends for us before it ends for the database.
  func mayAct(at now: Instant) -> Bool {
    lease.map { now < lapse(of: $0) } ?? false
  }

  func lapse(of lease: Lease) -> Instant { lease.countedFrom.advanced(by: settings.leaseLength * 4 / 5) }

  func lease(fence: Int64, from sentAt: Instant) -> Lease {
    Lease(fence: fence, countedFrom: sentAt, renewAt: sentAt.advanced(by: settings.leaseLength / 3))
  }

  mutating func end(_ ending: OperationAction.Ending, _ actions: inout [OperationAction]) {
    if case .waiting = state { actions.append(.stopWaiting) }
    state = .ended
    lease = nil
    retryAt = nil
    actions.append(.end(ending))
  }

  /// Asks for the next timer, when it is another one than before.
  private mutating func setTimer(_ actions: inout [OperationAction]) {
    var instants: [Instant] = []
    switch state {
    case .ended: return
    case .intended: break
    case .claimed: instants.append(giveUpAt)
    case .patching, .waiting, .finishing: break
    }
    if let retryAt { instants.append(retryAt) }
    if let lease {
      if !lease.renewing { instants.append(lease.renewAt) }
      if !lease.lapseTold { instants.append(lapse(of: lease)) }
    }
    let next = instants.min()
    if let next, next != lastWake { actions.append(.wake(at: next)) }
    lastWake = next
  }
}
