internal import KubernetesObjects
internal import RollbackMessages
internal import RolloutCore

/// At most one deploy of an app is under way: what a call does about another one.
extension RollbackService {
  /// Between two looks where no notification comes.
  private static var lockPace: Duration { .seconds(1) }
  /// How often a place may be taken by somebody faster before that is a conflict after all.
  private static var replacementTries: Int { 3 }
  /// How often all is decided afresh because another deploy came or ended just then.
  private static var freshTries: Int { 3 }

  /// Decides at once; or, as the call wishes, once the deploy that is under way has ended, or until its place is taken.
  ///
  /// While it waits nothing is written and no connection is held; each time all is decided afresh. Calls that wait on
  /// this host have their turn in the order in which they came.
  /// - Throws: `conflict` naming the holder where the time is over.
  func decideInTurn(_ request: RolloutRequest) async throws -> Acceptance {
    if let patience = request.waitForLock { return try await decideInTurn(request, patience: patience) }
    let receivedAt = clock.now
    var tries = request.cancelRunning ? Self.replacementTries : 1
    while true {
      do {
        return try await decideAfresh(request, receivedAt: receivedAt)
      } catch let error as ServiceError where error.reason == .conflict && tries > 1 {
        // Another deploy than the one that was to be replaced: what is decided may be another thing now.
        tries -= 1
      }
    }
  }

  /// Decides, and again when another deploy came or ended between the look and the writing.
  private func decideAfresh(_ request: RolloutRequest, receivedAt: ContinuousClock.Instant) async throws -> Acceptance {
    for _ in 1..<Self.freshTries {
      do {
        return try await decide(request, receivedAt: receivedAt)
      } catch is DecidedTooEarly {
        try Task.checkCancellation()
      }
    }
    do {
      return try await decide(request, receivedAt: receivedAt)
    } catch is DecidedTooEarly {
      throw ServiceError(.unavailable, "deploys of app \(request.app) come and go too fast; try again")
    }
  }

  private func decideInTurn(_ request: RolloutRequest, patience: Duration) async throws -> Acceptance {
    let deadline = clock.now.advanced(by: patience)
    let app = try await app(named: request.app)
    let place = line.join(app.id)
    // Before anything is read, so that no end is missed.
    let watch = supervisor.board.watch(.app(app.id))
    defer {
      supervisor.board.end(watch)
      line.leave(place)
      supervisor.board.ring(.app(app.id))
    }
    while true {
      if supervisor.isStopping {
        throw ServiceError(.unavailable, "this daemon is stopping; nothing has begun, try again")
      }
      // At the end of its time a call tries whether or not it is its turn.
      let isLast = clock.now >= deadline
      if isLast || line.isFirst(place) {
        do {
          // The time to ready counts from here: what came before was another deploy's.
          return try await decideAfresh(request, receivedAt: clock.now)
        } catch let error as ServiceError where error.reason == .conflict {
          guard !isLast else { throw waitedInVain(error, patience) }
        }
      }
      await watch.wait(until: min(deadline, clock.now.advanced(by: Self.lockPace)), clock: clock)
      try Task.checkCancellation()
    }
  }

  private func waitedInVain(_ conflict: ServiceError, _ patience: Duration) -> ServiceError {
    ServiceError(
      .conflict, "waited \(patience.inWholeUnits), and still \(conflict.message)", details: conflict.details,
      cause: conflict.cause)
  }

  // MARK: Taking a deploy's place

  func replacement(of inFlight: InFlight, by newID: String, _ request: RolloutRequest) -> Replacement {
    let old = inFlight.deploy
    let cancellation = Cancellation(by: request.by, actorID: request.actorID, reason: request.reason)
    let message = "cancelled by \(cancellation.words), whose deploy \(newID.prefix(8)) takes its place"
    let leftOn = "whatever it had come to, until deploy \(newID.prefix(8)) is patched in"
    let at = wallClock()
    return Replacement(deployID: old.id, cancellation: cancellation, message: message) { row, auditID, sequence in
      let finished = RolloutFinished(
        deploy: row, outcome: .cancelled, message: message, elapsed: inFlight.age, target: OperationTiming.target,
        auditID: auditID, replicas: row.replicas, leftOn: leftOn)
      return RolloutFrame(seq: sequence, at: at, kind: .finished(finished))
    }
  }

  // MARK: What to put back

  /// The image to put back when `new` fails. Nil when there is none, or it is the new one itself.
  func revertImage(_ situation: Situation, running: String?, new: ImageReference) -> String? {
    guard let image = imageBefore(situation, running: running), let reference = ImageReference(image),
      !new.isSameImage(as: reference)
    else { return nil }
    return image
  }

  /// Why nothing could be put back, in words; nil where something can.
  func revertObstacle(_ situation: Situation, running: String?, new: ImageReference) -> String? {
    guard revertImage(situation, running: running, new: new) == nil else { return nil }
    return imageBefore(situation, running: running) == nil
      ? "no deploy that went live ran before" : "what ran before is the same image"
  }

  /// What the template has, unless that is left over from a deploy that did not go live; then the current deploy's.
  private func imageBefore(_ situation: Situation, running: String?) -> String? {
    let template = running.flatMap { ImageReference($0) }
    let current = situation.current.map(Eligibility.planned)
    // The newest that has ended, and the one whose place is taken: what the template has may be either's.
    let tried = [situation.newest, situation.inFlight?.deploy].compactMap { $0 }.map(Eligibility.planned)
    let isLeftOver = tried.contains { row in
      !row.wentLive && row.image.map { image in template.map(image.isSameImage) ?? false } ?? false
    }
    let isCurrent = current?.image.map { image in template.map(image.isSameImage) ?? false } ?? false
    return isLeftOver && !isCurrent ? current?.image?.description : running
  }

  // MARK: Words

  /// The refusal that names the deploy in the way, whose it is, and how far.
  func conflict(_ inFlight: InFlight, app: App) -> ServiceError {
    let deploy = inFlight.deploy
    let id = deploy.id.prefix(8)
    let actor =
      deploy.actorID.isEmpty ? (inFlight.actor.isEmpty ? "somebody unknown" : inFlight.actor) : deploy.actorID
    let local = supervisor.feed(of: deploy.id)?.newestProgress?.message ?? ""
    let stored = inFlight.progress.isEmpty ? deploy.status.word : inFlight.progress
    let progress = local.isEmpty ? stored : local
    let begun = "begun by \(actor) \(inFlight.age.inWholeUnits) ago"
    let message =
      if let host = inFlight.host {
        "deploy \(id) (\(deploy.imageRef)) of app \(app.name) is in progress: \(begun) on \(host), \(progress); "
          + "watch it with rollbackctl watch \(id), or take its place with --cancel-running"
      } else {
        "deploy \(id) (\(deploy.imageRef)) of app \(app.name) is \(deploy.status.word): \(begun) by another program of "
          + "the platform, which no rollbackd carries out; rollbackctl cancel \(id) ends it"
      }
    return ServiceError(
      .conflict, message,
      details: [
        "deploy_id": deploy.id, "actor": actor, "host": inFlight.host ?? "",
        "since": deploy.createdAt?.rfc3339 ?? "", "age": inFlight.age.inWholeUnits,
        "age_seconds": inFlight.age.inDecimalSeconds, "progress": progress, "image_ref": deploy.imageRef,
      ])
  }
}

/// Another deploy came, or ended, between the look at the app and the writing of the intent.
struct DecidedTooEarly: Error {}

extension Duration {
  /// `7.250`: rounded down to the millisecond, for programs.
  var inDecimalSeconds: String {
    let milliseconds = components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    let fraction = String(milliseconds % 1000)
    return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
  }

  /// `12s`, `3m`, `5h`: rounded down.
  var inWholeUnits: String {
    switch components.seconds {
    case ..<120: "\(components.seconds)s"
    case ..<7200: "\(components.seconds / 60)m"
    default: "\(components.seconds / 3600)h"
    }
  }
}
