internal import CProtobufC

/// Memory for one message at a time: handed out in order, taken back all at once, with a cap on the sum.
///
/// protobuf-c allocates from it through ``allocator``; `free` does nothing. Passing the cap makes an allocation fail,
/// which protobuf-c reports as a failed unpack without leaking (measured by failing each allocation in turn).
///
/// `@unchecked Sendable`: an arena is in the hands of one scope at a time. ``ProtobufCodec`` takes it from its
/// ``ArenaPool`` and gives it back when the scope has ended, and nothing else keeps a reference.
final class ProtobufArena: @unchecked Sendable {
  /// The state that the C callbacks see; on the heap, because C keeps its address.
  struct State {
    /// The block in use: next free byte and end.
    var next: UnsafeMutableRawPointer
    var end: UnsafeMutableRawPointer
    /// What may still be handed out before the budget is gone.
    var budget: Int
    /// Blocks beyond the first, freed by `reset`.
    var overflow: [UnsafeMutableRawPointer] = []
    /// Set when a value could not be written faithfully; the first one is kept.
    var failure: ProtobufError?
  }

  /// The first block, kept over resets. 64 KiB: most messages of this service need no other.
  static let firstBlock = 64 << 10
  /// Every allocation is aligned to this, the strictest that a C message needs.
  static let alignment = 16

  private let block: UnsafeMutableRawPointer
  private let state: UnsafeMutablePointer<State>
  /// What protobuf-c is given. Its address is stable, unlike that of a Swift property.
  let allocator: UnsafeMutablePointer<ProtobufCAllocator>

  init() {
    block = .allocate(byteCount: Self.firstBlock, alignment: Self.alignment)
    state = .allocate(capacity: 1)
    state.initialize(to: State(next: block, end: block + Self.firstBlock, budget: 0))
    allocator = .allocate(capacity: 1)
    allocator.initialize(
      to: ProtobufCAllocator(
        // Called with `allocator_data` as first argument; may return NULL (protobuf-c.h, "ProtobufCAllocator").
        alloc: { data, size in
          data.flatMap { ProtobufArena.allocate(size, from: $0.assumingMemoryBound(to: State.self)) }
        },
        free: { _, _ in },
        allocator_data: state))
  }

  deinit {
    freeOverflow()
    allocator.deallocate()
    state.deinitialize(count: 1)
    state.deallocate()
    block.deallocate()
  }

  /// Takes back everything and grants `budget` bytes to the next message.
  func reset(budget: Int) {
    if !state.pointee.overflow.isEmpty { freeOverflow() }
    state.pointee.next = block
    state.pointee.end = block + Self.firstBlock
    state.pointee.budget = budget
    state.pointee.failure = nil
  }

  /// Notes that the value at hand cannot be packed as it is.
  func fail(_ error: ProtobufError) {
    if state.pointee.failure == nil { state.pointee.failure = error }
  }

  /// The first failure since `reset`.
  var failure: ProtobufError? { state.pointee.failure }

  /// Memory for `count` values, not initialized, or nil when the budget is gone.
  func allocate<T>(_ type: T.Type, count: Int) -> UnsafeMutablePointer<T>? {
    Self.allocate(count * MemoryLayout<T>.stride, from: state)?.bindMemory(to: T.self, capacity: count)
  }

  private static func allocate(_ size: Int, from state: UnsafeMutablePointer<State>) -> UnsafeMutableRawPointer? {
    guard size >= 0, size <= state.pointee.budget else { return nil }
    let rounded = (size + alignment - 1) & ~(alignment - 1)
    state.pointee.budget -= rounded
    let start = state.pointee.next
    if rounded <= state.pointee.end - start {
      state.pointee.next = start + rounded
      return start
    }
    return allocateSlowly(rounded, from: state)
  }

  /// Opens another block, twice the first or as big as this one allocation.
  @inline(never)
  private static func allocateSlowly(
    _ size: Int, from state: UnsafeMutablePointer<State>
  ) -> UnsafeMutableRawPointer {
    let capacity = max(firstBlock << min(state.pointee.overflow.count + 1, 4), size)
    let block = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: alignment)
    state.pointee.overflow.append(block)
    state.pointee.next = block + size
    state.pointee.end = block + capacity
    return block
  }

  private func freeOverflow() {
    for block in state.pointee.overflow { block.deallocate() }
    state.pointee.overflow.removeAll()
  }
}
