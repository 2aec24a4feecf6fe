public import RollbackMessages

extension RollbackService {
  /// Not in this version.
  public func planRollback(_ request: PlanRollbackRequest, from caller: Caller) async throws -> PlanRollbackResponse {
    throw ServiceError(.unimplemented, "PlanRollback is not in this version of rollbackd yet")
  }
}
