internal import Locking

/// Who waits on this host for an app's deploy to end, in the order in which they came.
///
/// Only the first of a line tries; calls that do not wait, and other hosts' calls, may come in between.
final class WaitingLine: Sendable {
  struct Place: Hashable, Sendable {
    let app: String
    let number: Int
  }

  private struct State {
    var lines: [String: [Int]] = [:]
    var next = 0
  }

  private let state = Locked(State())

  /// Joins the line of an app, at its end.
  func join(_ app: String) -> Place {
    state.withLock { state in
      state.next += 1
      state.lines[app, default: []].append(state.next)
      return Place(app: app, number: state.next)
    }
  }

  func isFirst(_ place: Place) -> Bool {
    state.withLock { $0.lines[place.app]?.first == place.number }
  }

  func leave(_ place: Place) {
    state.withLock { state in
      state.lines[place.app]?.removeAll { $0 == place.number }
      if state.lines[place.app]?.isEmpty == true { state.lines[place.app] = nil }
    }
  }
}
