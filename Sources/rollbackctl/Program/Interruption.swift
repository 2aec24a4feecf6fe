internal import Dispatch
internal import Glibc
internal import Locking

/// Ctrl-C: the first cancels the command, which then says how things stand; a second ends the program at once.
final class Interruption: Sendable {
  private struct State {
    var count = 0
    var command: Task<ProgramStatus, Never>?
  }

  private let state = Locked(State())

  /// Runs a command under the rule.
  func run(_ command: @escaping @Sendable () async -> ProgramStatus) async -> ProgramStatus {
    // signal(7): a source sees the signal only when its default action is off.
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler { self.interrupted() }
    source.resume()
    defer { source.cancel() }
    let task = Task { await command() }
    let isLate = state.withLock { state in
      state.command = task
      return state.count > 0
    }
    if isLate { task.cancel() }
    return await task.value
  }

  private func interrupted() {
    let (count, task) = state.withLock { state in
      state.count += 1
      return (state.count, state.command)
    }
    if count > 1 {
      Keyboard.restore()
      _exit(ProgramStatus.interrupted.rawValue)
    }
    task?.cancel()
  }
}
