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

  func renewLease() async {
    do {
      let renewed = try await store.renew(operation.lease)
      mailbox.post(.event(renewed.map { .leaseRenewed(sentAt: $0.askedAt) } ?? .leaseLost))
    } catch {
      log.warning("the lease could not be renewed", metadata: ["cause": "\(error)"])
      mailbox.post(.event(.databaseUnavailable))
    }
  }

  /// Hands the lease over at once; where the database cannot be told, it runs out by itself.
  func release() async {
    do {
      try await store.release(operation.lease)
    } catch {
      log.warning("the lease could not be handed over and will run out", metadata: ["cause": "\(error)"])
    }
  }

  /// Reads the Deployment, unless it was just read, and decides what is to be patched.
  func readDeployment(known: Deployment?) async {
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
        finding = .decision(try ImagePatch.decide(intent, on: deployment))
      } catch {
        finding = .refused(error)
      }
      mailbox.post(.read(DeploymentReading(uid: deployment.metadata.uid, finding: finding), deployment))
    } catch {
      log.warning("the deployment could not be read", metadata: ["cause": "\(error)"])
      mailbox.post(.event(.readFailed))
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
          return mailbox.post(.event(.patchUnknown))
        }
        mailbox.post(.patched(receipt, deployment))
      case .conflict(let why):
        log.notice("the patch met a newer object", metadata: ["cause": "\(why)"])
        mailbox.post(.event(.patchConflict))
      case .notFound:
        mailbox.post(.event(.patchConflict))
      case .refused(let why):
        mailbox.post(.event(.patchRefused(why)))
      case .unknown(let why):
        log.notice("whether the patch was applied is not known", metadata: ["cause": "\(why)"])
        mailbox.post(.event(.patchUnknown))
      }
    } catch {
      log.warning("the patch could not be sent, or its answer was lost", metadata: ["cause": "\(error)"])
      mailbox.post(.event(.patchUnknown))
    }
  }

  /// One try to write the outcome, with the frame that tells it.
  func write(_ ended: EndedOperation, sequence: UInt64) async {
    let at = wallClock()
    do {
      let frame = try await store.finish(ended.outcome, of: operation.lease) { deploy, auditID in
        var last = ended.finished
        last.deploy = deploy
        last.auditID = auditID
        return RolloutFrame(seq: sequence, at: at, kind: .finished(last))
      }
      #if ROLLBACKD_FAILPOINTS
        if frame != nil { try await Failpoint.outcomeCommitted.reach() }
      #endif
      guard case .finished(let last)? = frame?.kind else {
        return mailbox.post(.event(.outcomeSettledElsewhere))
      }
      mailbox.post(.written(last))
    } catch {
      log.warning("the outcome waits for the database", metadata: ["cause": "\(error)"])
      mailbox.post(.unwritten)
    }
  }
}
