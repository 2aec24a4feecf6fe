internal import KubernetesObjects
internal import Logging
internal import RollbackMessages
internal import RolloutCore

#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
#endif

/// The requests of an operation: each runs as a child task, may take as long as it takes, and posts what came of it.
extension OperationRunner {
  private var intent: ImagePatch.Intent {
    ImagePatch.Intent(
      container: operation.app.container, image: operation.plan.image, deployID: operation.deploy.id,
      requestID: operation.plan.requestID, actor: operation.plan.actorID ?? "")
  }

  private func reversal(_ revert: RevertRecord) -> ImagePatch.Reversal {
    ImagePatch.Reversal(
      container: operation.app.container, image: operation.plan.revertImage ?? "", failedImage: revert.failedImage,
      deployID: operation.deploy.id)
  }

  func renewLease() async {
    do {
      guard let renewal = try await store.renew(operation.lease) else { return mailbox.post(.event(.leaseLost)) }
      // First, so that nothing is begun any more that a longer lease would allow.
      if let wish = renewal.cancellation { mailbox.post(.cancelled(wish)) }
      mailbox.post(.event(.leaseRenewed(sentAt: renewal.lease.askedAt)))
    } catch {
      log.warning("the lease could not be renewed", metadata: ["cause": "\(error)"])
      mailbox.post(.event(.databaseUnavailable))
    }
  }

  /// Hands the lease over at once, after the frames that the next holder's watchers need; where the database cannot be
  /// told, it runs out by itself.
  func release() async {
    do {
      try await store.append(operation.feed.unstored, of: operation.lease)
      try await store.release(operation.lease)
    } catch {
      log.warning("the lease could not be handed over and will run out", metadata: ["cause": "\(error)"])
    }
  }

  /// Writes down that the image of before is put back.
  func recordRevert(_ record: RevertRecord) async {
    do {
      let isRecorded = try await store.recordRevert(record, of: operation.lease)
      mailbox.post(.event(isRecorded ? .revertRecorded : .leaseLost))
    } catch {
      log.warning("the revert waits for the database", metadata: ["cause": "\(error)"])
      mailbox.post(.event(.revertUnrecorded))
    }
  }

  /// Reads the Deployment, unless it was just read, and decides what is to be patched.
  /// - Parameter revert: that the image of before is put back, where it is.
  func readDeployment(known: Deployment?, revert: RevertRecord?) async {
    do {
      var deployment = known
      if deployment == nil {
        deployment = try await cluster.deployment(operation.app.deployment, in: operation.app.namespace)
      }
      guard let deployment else {
        return mailbox.post(.read(DeploymentReading(uid: "", finding: .missing), nil))
      }
      #if ROLLBACKD_FAILPOINTS
        try await Failpoint.deploymentRead.reach()
      #endif
      let finding: DeploymentReading.Finding
      do throws(ImagePatchRefusal) {
        if let revert {
          finding = .decision(try ImagePatch.decideRevert(reversal(revert), on: deployment))
        } else {
          finding = .decision(try ImagePatch.decide(intent, on: deployment))
        }
      } catch {
        finding = .refused(error)
      }
      mailbox.post(.read(DeploymentReading(uid: deployment.metadata.uid, finding: finding), deployment))
    } catch {
      log.warning("the deployment could not be read", metadata: ["cause": "\(error)"])
      mailbox.post(.event(.readFailed(retryAfter: (error as? ServiceError)?.retryAfter)))
    }
  }

  func send(_ patch: ImagePatch) async {
    do {
      switch try await cluster.patch(operation.app.deployment, in: operation.app.namespace, with: patch) {
      case .applied(let deployment, let date):
        #if ROLLBACKD_FAILPOINTS
          try await Failpoint.patchAnswered.reach()
        #endif
        guard let receipt = PatchReceipt(answer: deployment, container: intent.container, serverDate: date) else {
          return mailbox.post(.event(.patchUnknown()))
        }
        mailbox.post(.patched(receipt, deployment))
      case .conflict(let why):
        log.notice("the patch met a newer object", metadata: ["cause": "\(why)"])
        mailbox.post(.event(.patchConflict))
      case .notFound:
        mailbox.post(.event(.patchConflict))
      case .unsent(let why):
        log.warning("the patch could not be sent", metadata: ["cause": "\(why)"])
        mailbox.post(.event(.patchUnsent))
      case .refused(let why):
        mailbox.post(.event(.patchRefused(why)))
      case .unknown(let why, let retryAfter):
        log.notice("whether the patch was applied is not known", metadata: ["cause": "\(why)"])
        mailbox.post(.event(.patchUnknown(retryAfter: retryAfter)))
      }
    } catch {
      log.warning("the patch could not be sent, or its answer was lost", metadata: ["cause": "\(error)"])
      mailbox.post(.event(.patchUnknown()))
    }
  }

  /// Makes a patch worthless that may still be on its way.
  func fence(_ patch: ImagePatch) async {
    let fence = patch.fence(of: operation.deploy.id)
    do {
      switch try await cluster.patch(operation.app.deployment, in: operation.app.namespace, with: fence) {
      case .applied: mailbox.post(.event(.fenced))
      case .conflict, .notFound: mailbox.post(.event(.patchConflict))
      case .refused(let why):
        log.warning("the deployment could not be fenced", metadata: ["cause": "\(why)"])
        mailbox.post(.event(.patchRefused(why)))
      case .unsent(let why):
        log.warning("the fence could not be sent", metadata: ["cause": "\(why)"])
        mailbox.post(.event(.patchUnsent))
      case .unknown(let why, let retryAfter):
        log.notice("whether the deployment is fenced is not known", metadata: ["cause": "\(why)"])
        mailbox.post(.event(.patchUnknown(retryAfter: retryAfter)))
      }
    } catch {
      log.warning("the fence could not be sent, or its answer was lost", metadata: ["cause": "\(error)"])
      mailbox.post(.event(.patchUnknown()))
    }
  }

  /// Asks the registry whether it, too, has no such image, so that a pull that can never succeed ends the wait at once.
  func askRegistry(about image: String) async {
    guard let registry, let reference = ImageReference(image) else { return }
    let verdict = await registry.check(reference, isForDeploying: false).verdict
    mailbox.post(.registryAnswered(image: image, RegistryOpinion(verdict)))
  }

  /// One try to write the outcome, with the frames that are not stored yet and the one that tells it.
  /// - Parameter own: the numbers that the last frame would have had at this try and those before.
  func write(_ ended: EndedOperation, sequence: UInt64, own: Set<UInt64>) async {
    let at = wallClock()
    do {
      let held = operation.feed.unstored
      let frame = try await store.finish(ended.outcome, of: operation.lease, after: held) { deploy, auditID in
        var last = ended.finished
        last.deploy = deploy
        last.auditID = auditID
        return RolloutFrame(seq: sequence, at: at, kind: .finished(last))
      }
      #if ROLLBACKD_FAILPOINTS
        if frame != nil { try await Failpoint.outcomeCommitted.reach() }
      #endif
      if case .finished(let last)? = frame?.kind { return mailbox.post(.written(last)) }
      // An outcome whose COMMIT was not answered is our own all the same: its last frame has a number we gave it.
      if let stored = try await store.newestFrame(of: operation.deploy.id), own.contains(stored.seq),
        case .finished(let last)? = stored.kind
      {
        try await store.logHead(at: last.auditID, of: operation.deploy.id, outcome: last.outcome)
        return mailbox.post(.written(last))
      }
      mailbox.post(.event(.outcomeSettledElsewhere))
    } catch {
      log.warning("the outcome waits for the database", metadata: ["cause": "\(error)"])
      mailbox.post(.unwritten)
    }
  }
}
