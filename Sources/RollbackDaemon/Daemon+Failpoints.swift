#if ROLLBACKD_FAILPOINTS
  internal import Failpoints
  internal import Logging

  extension Daemon {
    /// - Throws: ``DaemonStartError`` for a plan that cannot be followed.
    func armFailpoints() throws {
      do throws(FailpointPlanError) {
        if let plan = try FailpointLedger.configure() {
          log.warning("faults will be injected", metadata: ["plan": "\(plan)"])
        }
      } catch {
        throw DaemonStartError(description: "ROLLBACKD_FAILPOINTS: \(error)", exitCode: 78)
      }
    }
  }
#endif
