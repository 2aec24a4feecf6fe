#if ROLLBACKD_FAILPOINTS
  internal import Failpoints

  extension PostgresConnection {
    /// What is planned for a request that has just left; an error is the loss of the connection before the answer.
    func befall(_ point: Failpoint?) {
      do throws(FailpointError) {
        try point?.reachBlocking()
      } catch {
        discard()
      }
    }
  }
#endif
