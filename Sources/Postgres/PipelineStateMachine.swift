internal import DequeModule

/// Keeps what was sent to a server in pipeline mode in order, and tells which command each of libpq's results is for.
///
/// Pure. The rules are those of libpq's manual, "Pipeline Mode": results come in the order of sending; for each command
/// results and then a null; for a sync one result and no null. After the first failure everything up to the next sync
/// is aborted, that is, not executed.
///
/// A command outside a transaction commits at its sync, not when its result comes: those that change something are held
/// until then, for the commit itself can fail.
struct PipelineStateMachine<Command> {
  /// What became of a command.
  enum Disposition: Equatable {
    case executed
    case failed
    /// An earlier command of its segment failed; the server skipped this one.
    case notExecuted
  }

  /// What libpq returned.
  enum Event: Equatable {
    case value
    case row
    case error
    case aborted
    case end
    case sync
    /// A result that is never asked for, such as COPY.
    case unexpected
  }

  enum Action {
    case none
    /// The value or row is this command's.
    case deliver(Command)
    /// The error is this command's.
    case fail(Command)
    /// The error came at the sync: these were not committed.
    case failCommit([Command])
    /// Preparing this command's statement has ended.
    case prepared(Command, isPrepared: Bool)
    /// The command has ended.
    case finished(Command, Disposition)
    /// The segment has ended, and with it these commands, in order.
    case synced([(Command, Disposition)])
    /// This cannot be; the connection is of no further use.
    case violation
  }

  private enum Entry {
    case prepare(Command)
    case query(Command, isHeld: Bool)
    /// Several statements in the simple protocol, outside pipeline mode: there is no sync.
    case script(Command)
    case sync
  }

  private var sent: Deque<Entry> = []
  private var held: [(Command, Disposition)] = []
  /// Of the command at the head, as far as it has been seen.
  private var disposition = Disposition.executed
  /// Whether anything but an end has come for it: on a connection that is gone libpq says "end" for every command.
  private var hasAnswer = false
  private var mayEndSync = false

  /// Nothing is on its way.
  var isEmpty: Bool { sent.isEmpty }

  mutating func sentPrepare(for command: Command) { sent.append(.prepare(command)) }
  mutating func sentQuery(_ command: Command, isHeld: Bool) { sent.append(.query(command, isHeld: isHeld)) }
  mutating func sentScript(_ command: Command) { sent.append(.script(command)) }
  mutating func sentSync() { sent.append(.sync) }

  /// The next result has come.
  mutating func received(_ event: Event) -> Action {
    guard let head = sent.first else { return .violation }
    switch (head, event) {
    case (_, .unexpected): return .violation

    case (.sync, .sync):
      sent.removeFirst()
      mayEndSync = false
      defer { held.removeAll() }
      return .synced(held)
    case (.sync, .error):
      held = held.map { ($0.0, $0.1 == .executed ? .failed : $0.1) }
      mayEndSync = true
      return .failCommit(held.map(\.0))
    case (.sync, .end):
      // An error at the sync may end like a command's, once; a connection that is gone gives nothing but ends.
      defer { mayEndSync = false }
      return mayEndSync ? .none : .violation
    case (.sync, _), (_, .sync): return .violation

    case (.query(let command, _), .value), (.query(let command, _), .row), (.script(let command), .value):
      hasAnswer = true
      return .deliver(command)
    case (.prepare, .value):
      hasAnswer = true
      return .none
    case (.prepare, .row), (.script, .row): return .violation

    case (.prepare(let command), .error), (.query(let command, _), .error), (.script(let command), .error):
      disposition = .failed
      hasAnswer = true
      return .fail(command)
    case (_, .aborted):
      disposition = .notExecuted
      hasAnswer = true
      return .none

    case (_, .end):
      guard hasAnswer else { return .violation }
      sent.removeFirst()
      defer {
        disposition = .executed
        hasAnswer = false
      }
      switch head {
      case .prepare(let command): return .prepared(command, isPrepared: disposition == .executed)
      case .query(let command, isHeld: true):
        held.append((command, disposition))
        return .none
      case .query(let command, isHeld: false), .script(let command): return .finished(command, disposition)
      case .sync: return .violation
      }
    }
  }

  /// The connection is gone: everything that has not ended, in order.
  mutating func abandon() -> [Command] {
    defer {
      sent.removeAll()
      held.removeAll()
    }
    let rest = sent.compactMap { entry -> Command? in
      switch entry {
      case .query(let command, _), .script(let command): command
      case .prepare, .sync: nil
      }
    }
    return held.map(\.0) + rest
  }
}
