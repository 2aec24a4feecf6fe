internal import Synchronization

/// Arenas that are not in use at the moment. From any thread; never waits.
///
/// `@unchecked Sendable`: `free` is touched only by whoever has turned `isBusy` from false to true, and the atomic
/// orders one holder's accesses before the next one's. Who finds it busy does without: it makes an arena, or frees one.
/// That is cheaper than a lock, and unlike the slow path of `Mutex` the thread sanitizer sees it.
final class ArenaPool: @unchecked Sendable {
  private let isBusy = Atomic(false)
  private var free: [ProtobufArena] = []

  /// As many as are kept.
  private static let maximumFree = 8

  func take() -> ProtobufArena {
    guard !isBusy.exchange(true, ordering: .acquiring) else { return ProtobufArena() }
    defer { isBusy.store(false, ordering: .releasing) }
    return free.popLast() ?? ProtobufArena()
  }

  func giveBack(_ arena: ProtobufArena) {
    arena.reset(budget: 0)
    guard !isBusy.exchange(true, ordering: .acquiring) else { return }
    defer { isBusy.store(false, ordering: .releasing) }
    if free.count < Self.maximumFree { free.append(arena) }
  }
}
