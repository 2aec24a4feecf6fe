public import RollbackMessages

extension RollbackService {
  /// Not in this version.
  public func cancelDeploy(_ request: CancelDeployRequest, from caller: Caller) async throws -> CancelDeployResponse {
    throw ServiceError(.unimplemented, "CancelDeploy is not in this version of rollbackd yet")
  }
}
