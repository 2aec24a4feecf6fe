public import RollbackMessages
internal import RolloutCore

extension RollbackService {
  /// What a rollback would check, warn about and do, and how long it may take. Changes nothing: no row, no audit row, no
  /// patch.
  ///
  /// - Throws: ``ServiceError`` for an unknown app, a malformed request, and a database that is away. Everything that
  ///   a rollback would be refused for otherwise is in the answer.
  public func planRollback(_ request: PlanRollbackRequest, from caller: Caller) async throws -> PlanRollbackResponse {
    try await authorize(caller, .planRollback)
    try check(request)
    guard let situation = try await deploys.situation(of: request.app, naming: request.target, requestID: "") else {
      try RequestCheck.app(request.app)
      throw unknownApp(request.app)
    }
    let query = RolloutQuery(
      wish: .rollback(to: request.target),
      demands: RollbackPlan.Demands(
        expectCurrent: request.expectCurrent, requireImageCheck: request.requireImageCheck),
      isForDeploying: false)
    let examination = try await examine(query, situation)
    // A rollback looks at what is in the way first.
    let inTheWay = situation.inFlight.map { conflict($0, app: situation.app) }
    var response = answer(examination, refusal: inTheWay ?? examination.refusal)
    response.inFlight = situation.inFlight?.deploy
    response.inFlightHost = situation.inFlight?.host ?? ""
    response.undoes = situation.unsettled
    if let target = examination.target { try await addEstimate(of: target, situation.app, to: &response) }
    return response
  }

  private func check(_ request: PlanRollbackRequest) throws(ServiceError) {
    try RequestCheck.app(request.app)
    try RequestCheck.text(request.target, "target", limit: 64)
    try RequestCheck.text(request.expectCurrent, "expect_current", limit: 64)
    do throws(Refusal) {
      _ = try TargetWord(request.target)
      _ = try TargetWord(request.expectCurrent)
    } catch {
      throw ServiceError(error)
    }
  }

  private func answer(_ examination: RolloutExamination, refusal: ServiceError?) -> PlanRollbackResponse {
    let app = examination.situation.app
    let choice = examination.choice
    return PlanRollbackResponse(
      from: examination.situation.current.map(Eligibility.mark), target: examination.target.map(Eligibility.mark),
      allowed: refusal == nil, refusalReason: refusal?.reason.rawValue ?? "", refusalMessage: refusal?.message ?? "",
      warnings: choice?.warnings.map(RolloutWords.warning) ?? [], namespace: app.namespace,
      deployment: app.deployment, container: app.container, image: choice?.image.description ?? "",
      notRestored: RollbackPlan.notRestored, imageCheck: choice?.imageCheck ?? "",
      targetLiveFor: choice?.targetLiveFor)
  }

  private func addEstimate(
    of target: RollbackMessages.DeployRecord, _ app: App, to response: inout PlanRollbackResponse
  ) async throws {
    let (same, any) = try await deploys.timesToReady(
      of: app, image: target.imageRef, limits: (RolloutEstimate.sameImageLimit, RolloutEstimate.anyImageLimit))
    if let estimate = RolloutEstimate(sameImage: same, anyImage: any) {
      response.estimate = estimate.duration
      response.estimateRollouts = UInt32(clamping: estimate.rollouts)
      response.estimateSameImage = estimate.isSameImage
    }
  }
}
