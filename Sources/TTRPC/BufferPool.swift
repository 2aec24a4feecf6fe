/// Memory that the connections of one loop share, so that an idle connection owns none.
///
/// Confined to its loop.
final class BufferPool {
  /// What one read may bring, and the size of a block of the send queues: 64 KiB.
  static let blockSize = 64 << 10

  /// Where reads go; holds nothing between two of them.
  let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize, alignment: 16)
  /// Blocks that no queue uses at the moment; a few are kept.
  private var free: [UnsafeMutableRawPointer] = []
  private static let maximumFree = 32

  deinit {
    scratch.deallocate()
    for block in free { block.deallocate() }
  }

  func take() -> UnsafeMutableRawPointer {
    free.popLast() ?? .allocate(byteCount: Self.blockSize, alignment: 16)
  }

  func giveBack(_ block: UnsafeMutableRawPointer) {
    if free.count < Self.maximumFree { free.append(block) } else { block.deallocate() }
  }
}
