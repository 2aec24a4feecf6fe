import Locking
import RollbackMessages

@testable import RollbackService

/// Cancellations, replacements and signals, by the rules of the real store.
extension FakeDatabase {
  static func inFlight(_ row: Row) -> InFlight {
    var progress = ""
    for case .progress(let newest)? in row.frames.map(\.kind) { progress = newest.message }
    return InFlight(
      deploy: row.deploy, host: row.host, age: .seconds(7), actor: row.plan?.peer ?? "", progress: progress)
  }

  func requestCancel(_ intent: CancelIntent) async throws -> CancelAnswer {
    try enter("cancel")
    let answer = state.withLock { state -> CancelAnswer in
      guard let index = state.rows.firstIndex(where: { $0.deploy.id == intent.deployID }), let app = state.apps.first
      else { return .unknown }
      let row = state.rows[index]
      guard !row.deploy.status.isEnded else { return .ended(row.deploy) }
      guard let host = row.host else {
        _ = Self.audit("deploy.cancel", &state)
        Self.end(index, intent.lastFrame, &state)
        return .endedRow(app, state.rows[index].deploy)
      }
      if row.cancellation == nil {
        state.rows[index].cancellation = intent.cancellation
        _ = Self.audit("deploy.cancel", &state)
      }
      return .requested(host: host)
    }
    if case .requested = answer { tell(.cancelRequested(deployID: intent.deployID)) }
    return answer
  }

  func recordRevert(_ record: RevertRecord, of lease: Lease) async throws -> Bool {
    try enter("recordRevert")
    return state.withLock { state in
      guard let index = state.rows.firstIndex(where: { $0.deploy.id == lease.deployID }),
        state.rows[index].lease?.fencingToken == lease.fencingToken
      else { return false }
      state.rows[index].revert = record
      return true
    }
  }

  func logHead(at auditID: Int64, of deployID: String, outcome: RolloutOutcome) async throws {
    state.withLock { $0.heads.append(auditID) }
  }

  func listen(_ each: @escaping @Sendable (OperationSignal) -> Void) async throws {
    state.withLock { $0.listeners.append(each) }
    each(.listening)
    let (never, _) = AsyncStream.makeStream(of: Never.self)
    for await _ in never {}
  }

  func newestFrame(of deployID: String) async throws -> RolloutFrame? {
    state.withLock { state in state.rows.first { $0.deploy.id == deployID }?.frames.last }
  }

  /// As a notification would.
  func tell(_ signal: OperationSignal) {
    for listener in state.withLock({ $0.listeners }) { listener(signal) }
  }

  static func end(_ replacement: Replacement, _ state: inout State) {
    guard
      let index = state.rows.firstIndex(where: {
        $0.deploy.id == replacement.deployID && !$0.deploy.status.isEnded
      })
    else { return }
    _ = audit("deploy.cancel", &state)
    end(index, replacement.lastFrame, &state)
  }

  private static func end(_ index: Int, _ lastFrame: LastFrame, _ state: inout State) {
    state.rows[index].deploy.status = .cancelled
    state.rows[index].lease = nil
    let action = state.rows[index].plan?.action ?? "deploy.create"
    let id = audit("\(action).cancelled", &state)
    let sequence = (state.rows[index].frames.last?.seq ?? 0) + RolloutFeed.takeoverGap
    state.rows[index].frames.append(lastFrame(state.rows[index].deploy, id, sequence))
  }
}
