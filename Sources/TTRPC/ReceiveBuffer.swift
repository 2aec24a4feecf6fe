/// Received bytes that are no whole frame yet. Owns memory only while there are some. Confined to its loop.
final class ReceiveBuffer {
  private var storage: UnsafeMutableRawBufferPointer?
  private var start = 0
  private var end = 0

  deinit { storage?.deallocate() }

  var isEmpty: Bool { start == end }

  /// The bytes. Good until the next call of any method.
  var bytes: UnsafeRawBufferPointer {
    storage.map { UnsafeRawBufferPointer(rebasing: $0[start..<end]) } ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  func append(_ bytes: UnsafeRawBufferPointer) {
    guard !bytes.isEmpty else { return }
    let room = room(atLeast: bytes.count)
    UnsafeMutableRawBufferPointer(rebasing: room[..<bytes.count]).copyMemory(from: bytes)
    end += bytes.count
  }

  /// Where the next bytes go: at least so many, and more where a long frame is under way.
  ///
  /// Memory grows with what has come and not with what a header promises, so that promises are free.
  func room(atLeast count: Int, expecting total: Int = 0) -> UnsafeMutableRawBufferPointer {
    if let storage, storage.count - end >= count { return UnsafeMutableRawBufferPointer(rebasing: storage[end...]) }
    let held = end - start
    let wanted = max(held + count, min(total, 2 * held), 4096)
    let new =
      if let storage, storage.count >= wanted { storage } else {
        UnsafeMutableRawBufferPointer.allocate(byteCount: wanted, alignment: 16)
      }
    if held > 0, let source = storage?.baseAddress {
      new.baseAddress?.copyMemory(from: source + start, byteCount: held)
    }
    if let storage, storage.baseAddress != new.baseAddress { storage.deallocate() }
    storage = new
    start = 0
    end = held
    return UnsafeMutableRawBufferPointer(rebasing: new[end...])
  }

  /// Notes that so many bytes have been put into the room.
  func filled(_ count: Int) { end += count }

  /// Forgets the first bytes.
  func consume(_ count: Int) {
    start += count
    guard start == end else { return }
    storage?.deallocate()
    storage = nil
    start = 0
    end = 0
  }
}
