public import RollbackMessages

/// The frames of one operation, for any number of watchers: those that it publishes on this host, or what another host
/// has stored.
///
/// Publishing never waits for anybody. A watcher that falls behind is given the newest progress instead of the frames
/// between; `accepted` and `finished` are never skipped. It holds at most ``retainedFrames`` frames; older ones are in
/// the store.
public final class RolloutFeed: Sendable {
  /// How many frames are kept for watchers that come later.
  public static let retainedFrames = 256
  /// How many progress frames a watcher may be behind before they are coalesced.
  static let toleratedLag = 16

  /// How far ahead a new holder numbers its frames: the one before may have shown frames that it never stored, and a
  /// watcher that saw them passes over lower numbers.
  public static let takeoverGap: UInt64 = 1000

  public let deployID: String
  private let state: Monitor<State>

  private struct State {
    var frames: [RolloutFrame] = []
    var nextSequence: UInt64
    var isEnded = false
    /// Frames up to this number are in the store.
    var storedSequence: UInt64 = 0

    mutating func append(_ frame: RolloutFrame) {
      nextSequence = frame.seq + 1
      frames.append(frame)
      // The first frame tells what it is all about: it stays.
      if frames.count > RolloutFeed.retainedFrames { frames.remove(at: 1) }
    }
  }

  /// - Parameter lastSequence: all frames up to this number are in the store, or will never be; 0 where there are none.
  public init(deployID: String, lastSequence: UInt64 = 0) {
    self.deployID = deployID
    state = Monitor(State(nextSequence: lastSequence + 1))
  }

  /// Numbers a frame and gives it to all watchers.
  @discardableResult
  public func publish(_ kind: RolloutFrame.Kind, at instant: Timestamp) -> RolloutFrame {
    state.change { state in
      let frame = RolloutFrame(seq: state.nextSequence, at: instant, kind: kind)
      state.append(frame)
      return frame
    }
  }

  /// Gives a frame that has its number to all watchers.
  func append(_ frame: RolloutFrame) {
    state.change { $0.append(frame) }
  }

  /// The number that the next frame will have.
  public var nextSequence: UInt64 { state.read { $0.nextSequence } }

  /// The number from which on no frame is missing here; older ones are in the store.
  var firstRetained: UInt64 {
    state.read { state in
      // The first frame stays whatever is dropped behind it.
      guard state.frames.count > 1 else { return state.frames.first?.seq ?? state.nextSequence }
      return state.frames[1].seq == state.frames[0].seq + 1 ? state.frames[0].seq : state.frames[1].seq
    }
  }

  /// Frames up to `sequence` are in the store.
  func noteStored(_ sequence: UInt64) {
    state.change { $0.storedSequence = max($0.storedSequence, sequence) }
  }

  /// What a holder that gives the operation away still has to store: all that may not be skipped, and the newest
  /// progress.
  var unstored: [RolloutFrame] {
    state.read { state in
      let waiting = state.frames.filter { $0.seq > state.storedSequence }
      return waiting.filter { frame in
        if case .progress = frame.kind { frame.seq == waiting.last?.seq } else { true }
      }
    }
  }

  /// The last frame, once there is one.
  public var finished: RolloutFinished? {
    state.read { state in
      guard case .finished(let finished)? = state.frames.last?.kind else { return nil }
      return finished
    }
  }

  /// Says that no more frames come, with or without a finished frame (another host goes on).
  public func end() {
    state.change { $0.isEnded = true }
  }

  var isEnded: Bool { state.read { $0.isEnded } }

  /// How many watchers wait for a frame.
  var waiting: Int { state.waiting }

  /// Frames numbered `sequence` and higher, as far as they are kept, then those to come. Ends with the feed.
  public func frames(from sequence: UInt64 = 1) -> Frames {
    Frames(feed: self, next: Swift.max(sequence, 1))
  }

  /// The newest progress, for a conflict's answer and for health.
  public var newestProgress: RollbackMessages.RolloutProgress? {
    state.read { state in
      for frame in state.frames.reversed() {
        if case .progress(let progress) = frame.kind { return progress }
      }
      return nil
    }
  }

  fileprivate enum Answer {
    case frame(RolloutFrame)
    case ended
    case nothingYet
  }

  fileprivate func answer(from next: UInt64) -> Answer {
    state.read { state in
      guard let first = state.frames.firstIndex(where: { $0.seq >= next }) else {
        return state.isEnded ? .ended : .nothingYet
      }
      let pending = state.frames[first...]
      if pending.count > Self.toleratedLag, case .progress = state.frames[first].kind {
        // The newest progress, unless something that may not be skipped stands before it.
        let stop = pending.firstIndex { frame in
          if case .progress = frame.kind { return false }
          return true
        }
        return .frame(state.frames[(stop ?? pending.endIndex) - 1])
      }
      return .frame(state.frames[first])
    }
  }

  /// Suspends until there may be something at `next`, or the task is cancelled.
  fileprivate func wait(for next: UInt64) async {
    await state.wait { $0.isEnded || ($0.frames.last?.seq ?? 0) >= next }
  }

  /// One watcher's view of a feed.
  public struct Frames: AsyncSequence, Sendable {
    public typealias Element = RolloutFrame
    fileprivate let feed: RolloutFeed
    fileprivate let next: UInt64

    public func makeAsyncIterator() -> Iterator {
      Iterator(feed: feed, cursor: next)
    }

    public struct Iterator: AsyncIteratorProtocol {
      fileprivate let feed: RolloutFeed
      fileprivate var cursor: UInt64

      /// Suspends until there is a frame; nil at the end, or when the task is cancelled.
      public mutating func next() async -> RolloutFrame? {
        while !Task.isCancelled {
          switch feed.answer(from: cursor) {
          case .frame(let frame):
            cursor = frame.seq + 1
            return frame
          case .ended: return nil
          case .nothingYet: await feed.wait(for: cursor)
          }
        }
        return nil
      }
    }
  }
}
