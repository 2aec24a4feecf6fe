internal import Glibc
internal import LinuxIO
internal import TTRPCCore

/// What a connection does with the frames it finds.
protocol FrameConnectionDelegate: AnyObject {
  /// A whole frame. `data` is good until this returns.
  func received(_ header: FrameHeader, _ data: UnsafeRawBufferPointer)
  /// A frame above the limit, whose data is being skipped.
  func receivedOversized(_ header: FrameHeader)
  /// The peer sends no more; it may still read.
  func peerEndedSending()
  /// There is less to write than the low-water mark: what waited for room may go on.
  func roomAppeared()
  /// It is over, for good. Told once.
  func closed(_ cause: CloseCause)
}

/// Why a connection ended.
enum CloseCause: CustomStringConvertible {
  /// This side closed it, and all was written.
  case finished
  /// The peer is gone.
  case peerGone
  /// The peer does not speak ttRPC.
  case violation(FrameViolation)
  /// A frame took too long from its first byte to its last.
  case frameTimeout
  /// The peer took nothing of what waited for it for too long.
  case writeStall
  /// The unfinished frames of all connections together are as much as may be.
  case noMemory
  case system(SystemError)

  var description: String {
    switch self {
    case .finished: "closed by this side"
    case .peerGone: "closed by the peer"
    case .violation(let violation): "not ttRPC: \(violation)"
    case .frameTimeout: "a frame was not completed in time"
    case .writeStall: "the peer did not read in time"
    case .noMemory: "too much of unfinished frames waits in all"
    case .system(let error): error.description
    }
  }
}

/// Moves frames over a transport: reads and finds them, queues and writes them, and minds the clock.
///
/// Everything queued in one turn of the loop is written at its end, in one system call where it fits. Confined to its
/// loop.
final class FrameConnection {
  let loop: EventLoop
  private let transport: any Transport
  private let limits: TransportLimits
  private let pool: BufferPool
  private let budget: QueueBudget
  /// Kept until the connection has closed, which breaks the circle.
  private var delegate: (any FrameConnectionDelegate)?

  private var decoder: FrameDecoder
  private let incoming: ReceiveBuffer
  private let outgoing: SendQueue
  private var interest: Interest = .readable

  private(set) var isClosed = false
  private var peerHasEnded = false
  /// Why nothing is read at the moment; reading goes on when this is empty.
  private var pauses: Pauses = []
  private var isProcessing = false
  private var closesWhenWritten = false
  private var flushIsScheduled = false
  private var isBlocked = false

  /// When the frame under way began.
  private var frameBegan: ContinuousClock.Instant?
  private var frameTimer: LoopTimer?
  /// When the peer last took bytes.
  private var lastProgress: ContinuousClock.Instant
  private var stallTimer: LoopTimer?

  /// The reasons for which reading pauses.
  struct Pauses: OptionSet {
    let rawValue: UInt8
    /// More than the high-water mark waits to be written.
    static let queue = Pauses(rawValue: 1)
    /// A stream of a client has received more than its reader has taken.
    static let inbox = Pauses(rawValue: 2)
  }

  init(
    _ transport: any Transport, on loop: EventLoop, limits: TransportLimits, pool: BufferPool, budget: QueueBudget,
    receiving: QueueBudget, delegate: any FrameConnectionDelegate
  ) {
    self.transport = transport
    self.loop = loop
    self.limits = limits
    self.pool = pool
    self.budget = QueueBudget(maximum: limits.maximumQueuedBytesPerConnection, within: budget)
    self.delegate = delegate
    incoming = ReceiveBuffer(budget: receiving)
    decoder = FrameDecoder(maximumLength: limits.maximumMessageSize)
    outgoing = SendQueue(pool: pool)
    lastProgress = loop.now
  }

  /// Begins to read. Where that fails the delegate is let go of without a word: whoever started it is told.
  func start() throws(SystemError) {
    do throws(SystemError) {
      try transport.start(on: loop, interest) { readiness in self.onReady(readiness) }
    } catch {
      delegate = nil
      close(.system(error))
      throw error
    }
  }

  private func onReady(_ readiness: Readiness) {
    if readiness.contains(.writable) { flush() }
    if readiness.contains(.readable), !isClosed { read() }
    // Where nothing is read, only a peer that is gone for good is reported, again and again.
    if !readiness.isDisjoint(with: [.hangup, .error]), !interest.contains(.readable), !isClosed { close(.peerGone) }
  }

  // MARK: Reading

  private func read() {
    guard pauses.isEmpty, !peerHasEnded else { return }
    do throws(SystemError) {
      let isWithinFrame = !incoming.isEmpty
      // Straight into the frame under way, or else into memory that all connections share.
      let room = isWithinFrame ? incoming.room(atLeast: 4096, expecting: expectedLength) : pool.scratch
      guard let destination = room else { return close(.noMemory) }
      switch try transport.read(into: destination) {
      case .wouldBlock:
        break
      case .bytes(let count) where isWithinFrame:
        incoming.filled(count)
        incoming.consume(process(incoming.bytes))
      case .bytes(let count):
        let bytes = UnsafeRawBufferPointer(rebasing: destination[..<count])
        let consumed = process(bytes)
        if !incoming.append(UnsafeRawBufferPointer(rebasing: bytes[consumed...])) { return close(.noMemory) }
      case .closed:
        peerHasEnded = true
        updateInterest()
        delegate?.peerEndedSending()
      }
      watchFrame()
    } catch {
      close(.system(error))
    }
  }

  private var expectedLength: Int {
    let bytes = incoming.bytes
    guard bytes.count >= FrameHeader.size else { return 0 }
    return min(FrameHeader.size + Int(FrameHeader(bytes).length), FrameHeader.size + limits.maximumMessageSize)
  }

  /// Hands out every whole frame; returns how many bytes are done with.
  private func process(_ bytes: UnsafeRawBufferPointer) -> Int {
    isProcessing = true
    defer { isProcessing = false }
    var offset = 0
    while !isClosed, pauses.isEmpty {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
      switch decoder.next(in: rest) {
      case .needMore:
        return offset
      case .frame(let header, let data):
        offset += data.upperBound
        frameBegan = nil
        delegate?.received(header, UnsafeRawBufferPointer(rebasing: rest[data]))
      case .oversized(let header):
        offset += FrameHeader.size
        delegate?.receivedOversized(header)
      case .skip(let count):
        offset += count
      case .violation(let violation):
        close(.violation(violation))
      }
    }
    return isClosed ? bytes.count : offset
  }

  /// Stops reading for a reason, until ``resumeReading(_:)``.
  func pauseReading(_ reason: Pauses) {
    pauses.insert(reason)
    updateInterest()
  }

  func resumeReading(_ reason: Pauses) {
    guard pauses.contains(reason) else { return }
    pauses.remove(reason)
    guard pauses.isEmpty, !isClosed else { return }
    // What was left lying comes first, but never within the processing of other bytes, nor on the stack of a writer.
    loop.atEndOfTurn { [weak self] in
      guard let self, !isClosed, pauses.isEmpty else { return }
      if !incoming.isEmpty, !isProcessing { incoming.consume(process(incoming.bytes)) }
      updateInterest()
      watchFrame()
    }
  }

  private func updateInterest() {
    var interest: Interest = []
    if pauses.isEmpty, !peerHasEnded { interest.insert(.readable) }
    if isBlocked { interest.insert(.writable) }
    guard interest != self.interest, !isClosed else { return }
    self.interest = interest
    transport.update(interest)
  }

  // MARK: Writing

  /// Bytes that wait to be written.
  var queuedBytes: Int { outgoing.count }

  /// Whether a stream may send without waiting.
  var hasRoom: Bool { outgoing.count < limits.highWaterMark }

  /// Memory for a whole frame, written at the end of this turn.
  ///
  /// - Throws: RESOURCE_EXHAUSTED where it is longer than a frame may be, or too much waits already.
  func reserve(_ size: Int) throws(RPCError) -> UnsafeMutableRawBufferPointer {
    guard size - FrameHeader.size <= limits.maximumMessageSize else {
      throw RPCError(
        .resourceExhausted,
        "message of \(size - FrameHeader.size) bytes exceeds the maximum of \(limits.maximumMessageSize) bytes")
    }
    guard budget.take(size) else { throw RPCError(.resourceExhausted, "too much waits to be read by the peer") }
    return queue(size)
  }

  /// Takes back what ``reserve(_:)`` has just given.
  func cancelReservation(_ size: Int) {
    outgoing.cancelReservation(size)
    budget.giveBack(size)
  }

  /// Queues a small frame, whatever waits already: ends and errors, of which each call has one at most.
  func send(_ frame: [UInt8]) {
    guard !isClosed else { return }
    budget.force(frame.count)
    queue(frame.count).copyBytes(from: frame)
  }

  private func queue(_ size: Int) -> UnsafeMutableRawBufferPointer {
    if !flushIsScheduled, !isBlocked {
      flushIsScheduled = true
      loop.atEndOfTurn { [weak self] in self?.flush() }
    }
    let memory = outgoing.reserve(size)
    if outgoing.count > limits.highWaterMark, !pauses.contains(.queue) { pauseReading(.queue) }
    return memory
  }

  /// Closes once everything queued has been written.
  func closeWhenWritten() {
    guard !isClosed else { return }
    closesWhenWritten = true
    if outgoing.isEmpty { close(.finished) }
  }

  /// Closes at the end of this turn, with whatever the peer has room for by then.
  func closeSoon() {
    loop.atEndOfTurn { [weak self] in
      self?.flush()
      self?.close(.finished)
    }
  }

  private func flush() {
    flushIsScheduled = false
    guard !isClosed else { return }
    do throws(SystemError) {
      isBlocked = try !write()
    } catch {
      return close(.system(error))
    }
    guard !isClosed else { return }
    if isBlocked { watchStall() }
    updateInterest()
    if outgoing.count <= limits.lowWaterMark {
      resumeReading(.queue)
      delegate?.roomAppeared()
    }
    if outgoing.isEmpty, closesWhenWritten { close(.finished) }
  }

  /// Writes until all is gone, or the transport is full; true when all is gone.
  private func write() throws(SystemError) -> Bool {
    while !outgoing.isEmpty {
      let result = outgoing.withGathered { buffers in
        Result { () throws(SystemError) in try transport.write(buffers) }
      }
      switch try result.get() {
      case .bytes(let count):
        outgoing.consume(count)
        budget.giveBack(count)
        lastProgress = loop.now
      case .wouldBlock:
        return false
      case .closed:
        close(.peerGone)
        return true
      }
    }
    return true
  }

  // MARK: Time

  /// A peer may not take for ever over one frame. One timer at a time, which looks again when it comes too early.
  private func watchFrame() {
    let isWithin = decoder.isWithinFrame(unconsumed: incoming.bytes.count) && pauses.isEmpty && !peerHasEnded
    guard isWithin, !isClosed else {
      frameBegan = nil
      return
    }
    let began = frameBegan ?? loop.now
    frameBegan = began
    guard frameTimer == nil else { return }
    frameTimer = loop.schedule(at: began + limits.frameTimeout) { [weak self] in
      guard let self else { return }
      frameTimer = nil
      guard let began = frameBegan else { return }
      if loop.now >= began + limits.frameTimeout { close(.frameTimeout) } else { watchFrame() }
    }
  }

  /// A peer may not leave unread for ever what waits for it.
  private func watchStall() {
    guard stallTimer == nil else { return }
    stallTimer = loop.schedule(at: lastProgress + limits.writeStallTimeout) { [weak self] in
      guard let self else { return }
      stallTimer = nil
      guard isBlocked else { return }
      if loop.now >= lastProgress + limits.writeStallTimeout { close(.writeStall) } else { watchStall() }
    }
  }

  // MARK: The end

  func close(_ cause: CloseCause) {
    guard !isClosed else { return }
    isClosed = true
    budget.giveBack(outgoing.count)
    // Whoever processes its bytes at the moment forgets them afterwards.
    if !isProcessing { incoming.discard() }
    frameTimer?.cancel()
    stallTimer?.cancel()
    transport.close()
    delegate?.closed(cause)
    delegate = nil
  }
}
