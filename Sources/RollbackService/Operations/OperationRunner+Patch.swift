internal import KubernetesObjects
internal import Logging
internal import RollbackMessages
internal import RolloutCore

extension OperationRunner {
  enum PatchResult: Sendable {
    case applied(PatchReceipt, Deployment)
    /// It ended before anything was changed.
    case concluded(Conclusion)
    /// The lease is gone, or is being handed over.
    case abandoned
  }

  /// How often a patch that met a newer object is tried again before that is called a failure.
  private static var conflictLimit: Int { 8 }

  /// Applies the image, at most once: every try carries the uid and resourceVersion that were read, and a try whose
  /// answer was lost is looked for in the object's annotation before the next one.
  func patch(_ keeper: LeaseKeeper<C>) async -> PatchResult {
    let intent = ImagePatch.Intent(
      container: operation.app.container, image: operation.plan.image, deployID: operation.deploy.id,
      requestID: operation.plan.requestID, actor: operation.plan.actorID ?? "")
    var known = operation.deployment
    var conflicts = 0
    while true {
      if elapsed >= .microseconds(operation.plan.timeout) {
        return .concluded(
          Conclusion(outcome: .timedOut, message: "timed out before the deployment could be patched"))
      }
      guard !Task.isCancelled, keeper.mayAct || known == nil else { return .abandoned }
      do {
        guard let deployment = try await readIfNeeded(&known) else { return .concluded(gone) }
        switch try ImagePatch.decide(intent, on: deployment) {
        case .alreadyApplied:
          guard let receipt = PatchReceipt(answer: deployment, container: intent.container, serverDate: nil) else {
            return .concluded(gone)
          }
          return .applied(receipt, deployment)
        case .overtaken(let image):
          return .concluded(Conclusion(outcome: .superseded, message: overtaken(by: image)))
        case .apply(let patch):
          guard keeper.mayAct else { return .abandoned }
          if let result = try await send(patch, container: intent.container, &conflicts) { return result }
          known = nil
        }
      } catch let refusal as ImagePatchRefusal {
        return .concluded(Conclusion(outcome: .failed, message: refusal.description))
      } catch {
        log.warning("the API server could not be asked", metadata: ["cause": "\(error)"])
        tell(.unreachable, "API server unreachable, trying again: \(error)")
        known = nil
        await pause()
      }
    }
  }

  private func readIfNeeded(_ known: inout Deployment?) async throws -> Deployment? {
    if let known { return known }
    known = try await cluster.deployment(operation.app.deployment, in: operation.app.namespace)
    return known
  }

  /// One try; nil when the object must be read again.
  private func send(_ patch: ImagePatch, container: String, _ conflicts: inout Int) async throws -> PatchResult? {
    switch try await cluster.patch(operation.app.deployment, in: operation.app.namespace, with: patch) {
    case .applied(let deployment, let date):
      guard let receipt = PatchReceipt(answer: deployment, container: container, serverDate: date) else {
        return .concluded(gone)
      }
      return .applied(receipt, deployment)
    case .notFound: return .concluded(gone)
    case .refused(let why):
      return .concluded(Conclusion(outcome: .failed, message: "the API server refused the patch: \(why)"))
    case .conflict(let why):
      conflicts += 1
      guard conflicts < Self.conflictLimit else {
        return .concluded(
          Conclusion(outcome: .failed, message: "the deployment is changed by somebody all the time: \(why)"))
      }
      return nil
    case .unknown(let why):
      log.notice("whether the patch was applied is not known; reading", metadata: ["cause": "\(why)"])
      tell(.unreachable, "the answer to the patch was lost; reading the deployment")
      await pause()
      return nil
    }
  }

  private var gone: Conclusion {
    Conclusion(
      outcome: .failed, message: "deployment \(operation.app.namespace)/\(operation.app.deployment) is gone")
  }

  func overtaken(by image: String) -> String {
    "somebody deployed \(image) on top; it is not known whether \(operation.deploy.imageRef) ever became ready"
  }
}
