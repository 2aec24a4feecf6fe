internal import Glibc

/// Bytes that wait to be written, in blocks that `writev` can gather.
///
/// Frames are laid out in place: ``reserve(_:)`` gives the memory, whoever has the bytes writes them there. Confined to
/// the loop of its connection.
final class SendQueue {
  private struct Block {
    let start: UnsafeMutableRawPointer
    let capacity: Int
    var written = 0
    var filled = 0
    /// Whether it goes back to the pool.
    var isPooled: Bool { capacity == BufferPool.blockSize }
  }

  /// The most blocks that one write gathers.
  private static let gathered = 16

  private var blocks: [Block] = []
  private let pool: BufferPool
  /// Bytes that have not been written yet.
  private(set) var count = 0

  init(pool: BufferPool) { self.pool = pool }

  deinit { for block in blocks { release(block) } }

  var isEmpty: Bool { count == 0 }

  /// Appends `size` bytes of memory, contiguous and not initialized. Good until the next call of any method.
  func reserve(_ size: Int) -> UnsafeMutableRawBufferPointer {
    if blocks.isEmpty || blocks[blocks.count - 1].capacity - blocks[blocks.count - 1].filled < size {
      blocks.append(
        size > BufferPool.blockSize
          ? Block(start: .allocate(byteCount: size, alignment: 16), capacity: size)
          : Block(start: pool.take(), capacity: BufferPool.blockSize))
    }
    let last = blocks.count - 1
    defer {
      blocks[last].filled += size
      count += size
    }
    return UnsafeMutableRawBufferPointer(start: blocks[last].start + blocks[last].filled, count: size)
  }

  /// Takes back what the last ``reserve(_:)`` gave.
  func cancelReservation(_ size: Int) {
    blocks[blocks.count - 1].filled -= size
    count -= size
  }

  /// Shows the first blocks to `write`, which says how many bytes it took.
  func withGathered<Result>(_ body: (UnsafeBufferPointer<iovec>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.gathered) { vectors in
      let shown = min(blocks.count, Self.gathered)
      for index in 0..<shown {
        let block = blocks[index]
        vectors.initializeElement(
          at: index, to: iovec(iov_base: block.start + block.written, iov_len: block.filled - block.written))
      }
      return body(UnsafeBufferPointer(rebasing: vectors[..<shown]))
    }
  }

  /// Forgets the first `size` bytes, which have been written.
  func consume(_ size: Int) {
    count -= size
    var remaining = size
    var done = 0
    while remaining > 0 {
      let available = blocks[done].filled - blocks[done].written
      if remaining < available {
        blocks[done].written += remaining
        break
      }
      remaining -= available
      done += 1
    }
    for block in blocks[..<done] { release(block) }
    blocks.removeFirst(done)
  }

  private func release(_ block: Block) {
    if block.isPooled { pool.giveBack(block.start) } else { block.start.deallocate() }
  }
}
