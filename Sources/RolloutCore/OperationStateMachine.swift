/// One deploy or rollback from its committed intent to its written outcome, as one daemon sees it.
///
/// A pure machine: it decides, a runner does. Three promises rest on it. The cluster is touched only by the holder of
/// the lease and at most once effectively. The outcome is written exactly once, guarded by the fencing token. Whatever
/// dies, somebody can continue: everything that is not in PostgreSQL or in the Deployment may be lost.
///
/// | state | meaning | goes to |
/// |---|---|---|
/// | `intended` | the row is there, its lease is not ours yet (a takeover) | claimed · ended |
/// | `claimed` | the lease is ours; the Deployment is being read, or will be | confirming · patching · fencing · waiting · finishing |
/// | `confirming` | a patch is needed; the lease is renewed once more before it | patching · claimed · fencing · finishing |
/// | `patching` | a PATCH is under way | waiting · claimed (conflict, unsent, unknown) · finishing |
/// | `fencing` | cancelled or late; a lost PATCH is made worthless, wherever it is | claimed (conflict, unsent, unknown) · finishing |
/// | `waiting` | the patch is in; the verdict decides | recording · finishing |
/// | `recording` | it failed, and that it is reverted is being written down | claimed · finishing |
/// | `finishing` | the outcome is being written, or held while PostgreSQL is away | ended |
/// | `ended` | nothing more to do here: settled, lost or handed over | |
///
/// `OperationStates.md`, beside this file, has what each event does in each state; a test keeps it true. An event that
/// cannot matter any more, an answer that crossed with a change of state, is ignored: each answer is only worth
/// something in the state that asked for it.
///
/// **Reading, then the lease, then the patch.** The lease may be taken away before its time, by a call that cancels
/// the operation and takes its place. So a patch is sent only when the database said *after* the Deployment was read
/// that the lease is ours: then whoever takes the place patches later than that, and either finds our patch applied, or
/// changes the resourceVersion on which ours insists. (The first reading of an operation that this daemon began was
/// made before its lease was committed, which is the same order.)
///
/// **Cancelled or late, with a PATCH lost.** The PATCH of a holder that was frozen, or one whose answer was lost, may still be on
/// its way, however often the Deployment is read without it. Before an operation ends as having changed nothing, the
/// Deployment gets a new resourceVersion by an annotation of ours: then such a PATCH, which insists on the one of before,
/// is refused.
///
/// **Reverting** is a second pass through `claimed`, `patching` and `waiting`, with the image that ran before. It is
/// begun by a failing verdict and a record in PostgreSQL, so that whoever takes over goes on with it; it is never
/// reverted itself.
///
/// How a runner drives it: make one (`created:` or `resuming:`); call `begin`; perform the actions in order; feed each
/// result as an event with the instant at which it came; hold one timer, for the newest `wake`. After `end` drop it.
public struct OperationStateMachine: ~Copyable, Sendable {
  public typealias Instant = ContinuousClock.Instant

  enum State: Sendable {
    /// To `claimed` when the lease is won.
    case intended
    /// To `patching`, `confirming`, `waiting` or `finishing`, by what is read. `reading`: an answer is awaited.
    case claimed(reading: Bool)
    /// To `patching` once a renewal that was sent at `since` or later, after the reading, is answered.
    case confirming(ImagePatch, since: Instant)
    /// To `waiting`, back to `claimed`, or to `finishing`.
    case patching
    /// To `finishing`, or back to `claimed`.
    case fencing
    /// To `finishing` or `recording`, by the verdict or a cancellation.
    case waiting
    /// To `claimed` once this failure is written down as the reason of a revert. `writing`: an answer is awaited.
    case recording(OperationOutcome, writing: Bool)
    /// Ends when the outcome is settled. `writing`: an answer is awaited.
    case finishing(OperationOutcome, writing: Bool)
    /// Goes nowhere.
    case ended
  }

  let settings: OperationSettings
  var state: State
  /// The rows may have changed since the lease was claimed.
  var isRecordStale = false
  var lease: Lease?
  /// The Deployment's uid as first read: another object of its name is never patched.
  var uid: String?
  var conflicts = 0
  /// Failed attempts in a row to reach the API server, for the back-off.
  var apiFailures = 0
  /// What the last of them met.
  var apiTrouble: APITrouble?
  /// Patches that were not sent or not answered, though the Deployment can be read in between.
  var lostPatches = 0
  /// Fences without an answer.
  var lostFences = 0
  var databaseFailures = 0
  /// When to read the Deployment again, to claim again or to write again, in the state that wants it.
  var retryAt: Instant?
  /// Why it is to end without a patch, once it is known that none is in, or comes.
  var withdrawal: Withdrawal?
  /// Whether a patch may be in the cluster, or come there, that nobody has seen: its answer was lost, or another holder
  /// sent it. A Deployment without it proves nothing until it is fenced.
  var isPatchUncertain: Bool
  /// Whether this pass's patch was seen in the cluster.
  var isPatched = false
  /// Whether the lease was ours after the reading that comes next, so that it may be acted on at once.
  var isReadingCovered: Bool
  /// The failure because of which the image of before is being put back; nil in the first pass.
  public internal(set) var reverting: OperationOutcome?
  /// From here on it is too late to patch: nobody expects the change any more.
  var patchUntil: Instant
  /// When it ends although the API server did not say what it has come to.
  var giveUpAt: Instant
  var lastWake: Instant?

  enum APITrouble: Sendable {
    case isAway
    /// It asked us to wait.
    case isBusy
  }

  enum Withdrawal: Sendable {
    case cancelled(by: String)
    /// Its time was over before it was patched, because no daemon was there.
    case late
  }

  /// The lease as this daemon may rely on it.
  struct Lease: Sendable {
    var fence: Int64
    /// When the request that won or renewed it was *sent*: the database counted from a later moment, so these
    /// deadlines are early, never late.
    var countedFrom: Instant
    var renewAt: Instant
    var renewing = false
    /// A renewal that is sent from now on is wanted; the one under way does not count.
    var mustRenewAgain = false
    /// Whether it was said that it lapsed.
    var lapseTold = false
  }

  /// An operation whose intent this daemon has just committed, with its lease.
  ///
  /// The first reading that is fed must be of a Deployment that was read *before* that commit.
  /// - Parameters:
  ///   - fence: the fencing token of the committed lease.
  ///   - sentAt: when the transaction that took the lease was begun.
  ///   - uid: the Deployment's, where it was read while planning; an object with another one is never patched.
  public init(created fence: Int64, sentAt: Instant, uid: String?, settings: OperationSettings, at now: Instant) {
    self.init(.claimed(reading: false), settings: settings, uid: uid, isTakeover: false, at: now)
    lease = lease(fence: fence, from: sentAt)
  }

  /// An operation that was found `deploying` with its lease run out: another daemon began it.
  /// - Parameters:
  ///   - uid: the Deployment's, where the intent recorded it.
  ///   - reverting: the failure that is recorded as the reason of a revert, where one is.
  ///   - age: since it was asked for. Past its time it is not patched any more, only looked at.
  public init(
    resuming uid: String?, reverting: OperationOutcome? = nil, age: Duration = .zero, settings: OperationSettings,
    at now: Instant
  ) {
    self.init(.intended, settings: settings, uid: uid, isTakeover: true, at: now)
    self.reverting = reverting
    let rest = reverting == nil ? settings.timeout - age : settings.revertTimeout
    patchUntil = now.advanced(by: rest)
    giveUpAt = now.advanced(by: max(rest, settings.look))
  }

  private init(
    _ state: consuming State, settings: OperationSettings, uid: String?, isTakeover: Bool, at now: Instant
  ) {
    self.state = state
    self.settings = settings
    self.uid = uid
    isPatchUncertain = isTakeover
    isReadingCovered = !isTakeover
    patchUntil = now.advanced(by: settings.timeout)
    giveUpAt = patchUntil
  }

  /// The first actions. Call it once, before any event.
  public mutating func begin(at now: Instant) -> [OperationAction] {
    var actions: [OperationAction] = []
    switch state {
    case .intended: actions.append(.claimLease)
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
    case .leaseRenewed(let sentAt): leaseRenewed(sentAt, at: now, &actions)
    case .leaseLost: loseLease(&actions)
    case .recordChanged: renewAgain(&actions)
    case .databaseUnavailable: databaseUnavailable(at: now, &actions)
    case .revertUnrecorded: revertUnrecorded(at: now, &actions)
    case .outcomeUnwritten: outcomeUnwritten(at: now, &actions)
    case .deploymentRead(let reading): deploymentRead(reading, at: now, &actions)
    case .readFailed(let retryAfter): readFailed(retryAfter, at: now, &actions)
    case .patched: patched(&actions)
    case .fenced: fenced(&actions)
    case .patchConflict: patchConflict(at: now, &actions)
    case .patchUnsent: patchUnsent(at: now, &actions)
    case .patchUnknown(let retryAfter): patchUnknown(retryAfter, at: now, &actions)
    case .patchRefused(let why): patchRefused(why, &actions)
    case .verdict(let outcome):
      if case .waiting = state { conclude(outcome, &actions) }
    case .cancelRequested(let who): cancel(who, at: now, &actions)
    case .revertRecorded: revertRecorded(at: now, &actions)
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
    case .claimed, .confirming: instants.append(giveUpAt)
    case .patching, .fencing, .waiting, .recording, .finishing: break
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
