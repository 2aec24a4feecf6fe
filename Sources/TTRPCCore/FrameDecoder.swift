/// Finds the frames in a connection's bytes, wherever reads have cut them.
///
/// Works in place: it is shown the bytes not consumed yet and says where the next frame lies in them. Frames above
/// the limit are reported by their header and then skipped piece by piece, so that one stream fails and the
/// connection lives.
public struct FrameDecoder: Sendable {
  /// What the bytes at hand amount to.
  public enum Step: Hashable, Sendable {
    /// Nothing yet. Come back with at least this many bytes, counted from the first one shown.
    case needMore(atLeast: Int)
    /// A frame; `data` is where in the shown bytes. Consume up to `data.upperBound`.
    case frame(FrameHeader, data: Range<Int>)
    /// The header of a frame above the limit. Consume ``FrameHeader/size`` bytes; `skip`s follow.
    case oversized(FrameHeader)
    /// Data of an oversized frame. Consume this many bytes.
    case skip(Int)
    /// No ttRPC peer sends this: close the connection. Every further step says so again.
    case violation(FrameViolation)
  }

  private enum State {
    /// At a frame's first byte. → skipping, broken
    case betweenFrames
    /// Within the data of an oversized frame, with so many bytes to go. → betweenFrames
    case skipping(Int)
    /// Final.
    case broken(FrameViolation)
  }

  private let maximumLength: Int
  private var state = State.betweenFrames

  /// - Parameter maximumLength: the most data one frame may have; 4 MiB in every known peer.
  public init(maximumLength: Int = 4 << 20) { self.maximumLength = maximumLength }

  /// Whether more bytes must come before what has begun is complete.
  ///
  /// - Parameter unconsumed: how many bytes wait to be shown.
  public func isWithinFrame(unconsumed: Int) -> Bool {
    if case .skipping = state { return true }
    return unconsumed > 0
  }

  /// Looks at the bytes not consumed yet.
  public mutating func next(in bytes: UnsafeRawBufferPointer) -> Step {
    switch state {
    case .betweenFrames:
      return nextFrame(in: bytes)
    case .skipping(let remaining):
      guard !bytes.isEmpty else { return .needMore(atLeast: 1) }
      let count = min(remaining, bytes.count)
      state = count == remaining ? .betweenFrames : .skipping(remaining - count)
      return .skip(count)
    case .broken(let violation):
      return .violation(violation)
    }
  }

  private mutating func nextFrame(in bytes: UnsafeRawBufferPointer) -> Step {
    guard bytes.count >= FrameHeader.size else { return .needMore(atLeast: FrameHeader.size) }
    let header = FrameHeader(bytes)
    let length = Int(header.length)
    if length <= maximumLength {
      let end = FrameHeader.size + length
      return bytes.count >= end ? .frame(header, data: FrameHeader.size..<end) : .needMore(atLeast: end)
    }
    // Skipping up to 4 GiB would let a peer hold the connection as it likes; no length that anybody means has its
    // first byte set (containerd/ttrpc pull request 172).
    guard length < 1 << 24 else {
      state = .broken(.absurdLength(header.length))
      return .violation(.absurdLength(header.length))
    }
    state = .skipping(length)
    return .oversized(header)
  }
}

/// Why bytes cannot come from a ttRPC peer.
public enum FrameViolation: Hashable, Sendable, CustomStringConvertible {
  /// A length of 16 MiB or more.
  case absurdLength(UInt32)

  public var description: String {
    switch self {
    case .absurdLength(let length): "a frame announces \(length) bytes of data"
    }
  }
}
