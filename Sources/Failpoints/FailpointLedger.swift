#if ROLLBACKD_FAILPOINTS
  internal import Glibc
  internal import Locking

  /// The plan of this process and what it has counted: the one global state, because a fault befalls a whole process.
  public enum FailpointLedger {
    private struct State {
      var plan: FailpointPlan?
      var hits: [Failpoint: Int] = [:]
      /// What the control file said last.
      var text = ""
    }

    private static let state = Locked(State())

    /// Reads the plan from the environment; call it once, before the first failpoint.
    /// - Returns: the plan's text for the log, nil where no fault is planned.
    public static func configure() throws(FailpointPlanError) -> String? {
      let text = variable("ROLLBACKD_FAILPOINTS") ?? ""
      let plan = try FailpointPlan(text)
      state.withLock { $0 = State(plan: plan) }
      return plan.isEmpty ? variable("ROLLBACKD_FAILPOINTS_FILE").map { "as \($0) says" } : text
    }

    /// Counts a hit; the action when one is planned for it, after it has been recorded.
    static func hit(_ point: Failpoint) -> FailpointPlan.Action? {
      let control = variable("ROLLBACKD_FAILPOINTS_FILE").flatMap(contents)
      let (action, number): (FailpointPlan.Action?, Int) = state.withLock { state in
        if let control, control != state.text {
          state.text = control
          // A plan that cannot be read is no plan; the fault that then never fires makes the run void.
          state.plan = try? FailpointPlan(control)
          state.hits = [:]
        }
        let number = state.hits[point, default: 0] + 1
        state.hits[point] = number
        return (state.plan?.action(at: point, hit: number), number)
      }
      guard let action else { return nil }
      record(point, action, hit: number)
      return action
    }

    /// One write(2) each: what the kernel has taken survives the process.
    private static func record(_ point: Failpoint, _ action: FailpointPlan.Action, hit: Int) {
      var now = timespec()
      clock_gettime(CLOCK_REALTIME, &now)
      let micros = "\(now.tv_nsec / 1000)"
      let at = "\(now.tv_sec).\(String(repeating: "0", count: 6 - micros.count))\(micros)"
      let line =
        "{\"point\":\"\(point.rawValue)\",\"action\":\"\(action.word)\",\"hit\":\(hit),\"pid\":\(getpid()),\"at\":\(at)}\n"
      if let path = variable("ROLLBACKD_FAILPOINTS_LOG") {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
          append(line, to: descriptor)
          close(descriptor)
        }
      }
      append("failpoint \(point.rawValue) fires: \(action.word) at hit \(hit)\n", to: STDERR_FILENO)
    }

    private static func append(_ text: String, to descriptor: Int32) {
      var text = text
      // A log that cannot be written shows in the run as a fault that did not fire.
      text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    private static func contents(of path: String) -> String? {
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return nil }
      defer { close(descriptor) }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &bytes, bytes.count)
      return count >= 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    private static func variable(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }
    }
  }

  extension Failpoint {
    /// Does what is planned for this hit, if anything; suspends while it sleeps.
    /// - Throws: ``FailpointError`` for the action `error`.
    public func reach() async throws(FailpointError) {
      switch FailpointLedger.hit(self) {
      case .sleep(let milliseconds)?:
        // Ends early only by cancellation, which the caller notices.
        try? await Task.sleep(for: .milliseconds(milliseconds))
      case let action?: try act(action)
      case nil: break
      }
    }

    /// As ``reach()`` where nothing can be awaited: to sleep is to hold the thread, and so its event loop.
    public func reachBlocking() throws(FailpointError) {
      switch FailpointLedger.hit(self) {
      case .sleep(let milliseconds)?: usleep(UInt32(clamping: milliseconds * 1000))
      case let action?: try act(action)
      case nil: break
      }
    }

    private func act(_ action: FailpointPlan.Action) throws(FailpointError) {
      switch action {
      case .kill: kill(getpid(), SIGKILL)
      case .abort: abort()
      case .stop: kill(getpid(), SIGSTOP)
      case .error: throw FailpointError(point: self)
      case .sleep: break
      }
    }
  }
#endif
