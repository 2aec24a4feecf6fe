#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
  internal import RollbackMessages
  internal import RollbackService

  extension Failpoint {
    /// As ``Failpoint/reach()``; an error is one that a caller may meet when the database or the cluster is away.
    func befall() async throws(ServiceError) {
      do throws(FailpointError) {
        try await reach()
      } catch {
        throw ServiceError(.unavailable, "\(error); try again, with the same request id", cause: error)
      }
    }
  }
#endif
