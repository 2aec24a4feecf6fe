internal import Synchronization
internal import TTRPCCore

/// Where a connection puts the messages of one stream, whatever their type.
protocol MessageFeed: AnyObject {
  /// Reads a message in place and keeps it for the reader.
  ///
  /// - Throws: RESOURCE_EXHAUSTED where it does not fit the budget, and what decoding it throws.
  func receive(_ bytes: UnsafeRawBufferPointer) throws
  /// No further message comes; with an error, the reader is told it after the messages that it has not taken yet.
  func finish(_ error: RPCError?)
  /// Whether the reader has fallen behind as far as it may.
  var isFull: Bool { get }
  /// Nobody reads any more: forgets what there is.
  func discard()
  /// Called on the loop whenever the reader has taken a message.
  var onTake: (() -> Void)? { get set }
}

/// The messages of one stream that its reader has not taken yet. Confined to the loop of the connection.
///
/// `@unchecked Sendable`: ``StreamReader`` keeps a reference on whatever thread it is, and hops to the loop to use it.
final class Inbox<Message: Sendable>: MessageFeed, @unchecked Sendable {
  typealias Next = Result<Message?, RPCError>

  private let coder: PayloadCoder<Message>
  private let capacity: Int
  private let budget: QueueBudget?
  /// What a message counts beside its bytes.
  private static var overhead: Int { 64 }
  /// Taken ones are nil, and removed by the bulk.
  private var messages: [(message: Message, size: Int)?] = []
  private var first = 0
  private var bytes = 0
  private var end: RPCError??
  private var waiter: UnsafeContinuation<Next, Never>?
  /// Numbers each wait of a reader, so that a cancellation finds the one that it is meant for: it may reach the loop
  /// before its wait does, and after the next wait has begun.
  private let waits = Atomic<UInt64>(0)
  private var currentWait: UInt64 = 0
  private var cancelledWait: UInt64 = 0
  var onTake: (() -> Void)?

  /// - Parameters:
  ///   - capacity: bytes at which it is full.
  ///   - budget: what all inboxes of a connection share; nil where the connection waits for its readers.
  init(_ coder: PayloadCoder<Message>, capacity: Int, budget: QueueBudget? = nil) {
    self.coder = coder
    self.capacity = capacity
    self.budget = budget
  }

  var isFull: Bool { bytes >= capacity }

  func receive(_ bytes: UnsafeRawBufferPointer) throws {
    guard end == nil else { return }
    let message = try coder.decode(bytes)
    if let waiter {
      self.waiter = nil
      waiter.resume(returning: .success(message))
    } else {
      let size = bytes.count + Self.overhead
      guard budget?.take(size) ?? true else {
        throw RPCError(.resourceExhausted, "the streams of this connection send faster than they are processed")
      }
      messages.append((message, size))
      self.bytes += size
    }
  }

  func discard() {
    finish(nil)
    budget?.giveBack(bytes)
    bytes = 0
    messages = []
    first = 0
  }

  func finish(_ error: RPCError?) {
    guard end == nil else { return }
    end = .some(error)
    if let waiter, let next = take() {
      self.waiter = nil
      waiter.resume(returning: next)
    }
  }

  /// The next message, nil inside for the end; nil outside when there is none yet.
  func take() -> Next? {
    if first < messages.count, let next = messages[first] {
      messages[first] = nil
      first += 1
      bytes -= next.size
      budget?.giveBack(next.size)
      if first > 32, first * 2 > messages.count {
        messages.removeFirst(first)
        first = 0
      }
      onTake?()
      return .success(next.message)
    }
    return switch end {
    case .none: nil
    case .some(.none): .success(nil)
    case .some(.some(let error)): .failure(error)
    }
  }

  /// A name for the wait that a reader is about to begin. From any thread.
  func newWait() -> UInt64 { waits.add(1, ordering: .relaxed).newValue }

  /// Resumes `continuation` with the next message, now or later.
  func take(_ continuation: UnsafeContinuation<Next, Never>, wait: UInt64 = 0) {
    if let next = take() { return continuation.resume(returning: next) }
    precondition(waiter == nil, "a stream has one reader at a time")
    if wait != 0, cancelledWait == wait { return continuation.resume(returning: .failure(Self.cancelled)) }
    currentWait = wait
    waiter = continuation
  }

  /// The reader whose wait this is has been cancelled; the wait may be yet to begin, or over.
  func cancel(wait: UInt64) {
    cancelledWait = max(cancelledWait, wait)
    guard let waiter, currentWait == wait else { return }
    self.waiter = nil
    waiter.resume(returning: .failure(Self.cancelled))
  }

  private static var cancelled: RPCError {
    RPCError(.cancelled, "the task that reads this stream was cancelled")
  }
}
