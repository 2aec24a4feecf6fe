internal import CLibcurl
internal import LinuxIO

/// One `CURLM *` with its connections, driven by a loop's watches and timers (libcurl-multi(3), "multi_socket").
///
/// The only owner of the handle. Confined to the loop's thread: libcurl allows one thread at a time in a multi handle
/// and in every easy handle added to it. ``close()`` must have been called before it goes.
final class CurlMulti {
  private let loop: EventLoop
  private let multi: UnsafeMutableRawPointer
  private var watches: [Int32: Watch] = [:]
  private var timer: LoopTimer?
  private(set) var transfers: [ObjectIdentifier: CurlTransfer] = [:]
  private var isClosed = false
  /// Depth of calls into libcurl: within one, nothing may call it again.
  private var isInsideLibrary = false
  let onFinished: (CurlTransfer, HTTPClientError?) -> Void

  /// `onFinished` is called on the loop, outside libcurl, once for each transfer that ended by itself.
  init(
    loop: EventLoop, configuration: HTTPClientConfiguration,
    onFinished: @escaping (CurlTransfer, HTTPClientError?) -> Void
  ) throws(HTTPClientError) {
    guard let multi = curl_multi_init() else {
      throw HTTPClientError(code: .failed, message: "libcurl has no memory", mayHaveReachedServer: false)
    }
    self.loop = loop
    self.multi = multi
    self.onFinished = onFinished
    let context = Unmanaged.passUnretained(self).toOpaque()
    _ = clibcurl_multi_setopt_pointer(multi, CURLMOPT_SOCKETDATA, context)
    _ = clibcurl_multi_setopt_pointer(multi, CURLMOPT_TIMERDATA, context)
    _ = clibcurl_multi_setopt_socket(multi) { _, socket, what, context, _ in
      guard let context else { return 0 }
      return Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue().interestChanged(of: socket, to: what)
    }
    _ = clibcurl_multi_setopt_timer(multi) { _, milliseconds, context in
      guard let context else { return 0 }
      Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue().timerChanged(to: milliseconds)
      return 0
    }
    let multiplex = configuration.version == .http2
    _ = clibcurl_multi_setopt_long(
      multi, CURLMOPT_PIPELINING, multiplex ? Int(CURLPIPE_MULTIPLEX) : Int(CURLPIPE_NOTHING))
    _ = clibcurl_multi_setopt_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, configuration.maximumConnections)
    _ = clibcurl_multi_setopt_long(multi, CURLMOPT_MAXCONNECTS, configuration.maximumConnections)
  }

  deinit {
    assert(isClosed, "a multi handle was let go of without being closed")
  }

  var isIdle: Bool { transfers.isEmpty }

  /// Starts a transfer, which it keeps until it ended or was removed.
  func add(_ transfer: CurlTransfer) -> HTTPClientError? {
    let result = inside { curl_multi_add_handle(multi, transfer.easy) }
    guard result == CURLM_OK else {
      return HTTPClientError(
        code: .failed, message: "libcurl refuses the transfer: \(String(cString: curl_multi_strerror(result)))",
        mayHaveReachedServer: false)
    }
    transfers[ObjectIdentifier(transfer)] = transfer
    // libcurl asks for a timer of 0 ms to begin; begin now instead.
    step(socket: CURL_SOCKET_TIMEOUT, events: 0)
    return nil
  }

  /// Takes a transfer out before its end; its connection is closed unless others share it.
  func remove(_ transfer: CurlTransfer) {
    guard transfers.removeValue(forKey: ObjectIdentifier(transfer)) != nil else { return }
    _ = inside { curl_multi_remove_handle(multi, transfer.easy) }
  }

  /// Closes every connection and frees the handle. Transfers still in it are taken out, without a word to their sinks.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    for transfer in transfers.values { _ = inside { curl_multi_remove_handle(multi, transfer.easy) } }
    transfers = [:]
    // Cleaning up closes sockets, of which nobody needs to hear any more.
    _ = clibcurl_multi_setopt_socket(multi, nil)
    _ = clibcurl_multi_setopt_timer(multi, nil)
    for watch in watches.values { watch.cancel() }
    watches = [:]
    timer?.cancel()
    timer = nil
    curl_multi_cleanup(multi)
  }

  // MARK: What libcurl tells us, from within itself

  /// CURLMOPT_SOCKETFUNCTION(3). Returning -1 fails every transfer of the multi handle.
  private func interestChanged(of socket: Int32, to what: Int32) -> Int32 {
    let interest: Interest
    switch what {
    case Int32(CURL_POLL_IN): interest = .readable
    case Int32(CURL_POLL_OUT): interest = .writable
    case Int32(CURL_POLL_INOUT): interest = [.readable, .writable]
    default:
      watches.removeValue(forKey: socket)?.cancel()
      return 0
    }
    if let watch = watches[socket] {
      watch.update(interest)
      return 0
    }
    do throws(SystemError) {
      watches[socket] = try loop.watch(socket, for: interest) { [weak self] readiness in
        self?.step(socket: socket, events: Self.mask(of: readiness))
      }
      return 0
    } catch {
      return -1
    }
  }

  /// CURLMOPT_TIMERFUNCTION(3): one timer; -1 deletes it, and libcurl must not be called from here.
  private func timerChanged(to milliseconds: Int) {
    timer?.cancel()
    timer = nil
    guard milliseconds >= 0 else { return }
    timer = loop.schedule(after: .milliseconds(milliseconds)) { [weak self] in
      self?.timer = nil
      self?.step(socket: CURL_SOCKET_TIMEOUT, events: 0)
    }
  }

  // MARK: What we tell libcurl

  private func step(socket: Int32, events: Int32) {
    guard !isClosed else { return }
    precondition(!isInsideLibrary, "libcurl was called from within itself")
    var running: Int32 = 0
    _ = inside { curl_multi_socket_action(multi, socket, events, &running) }
    deliverFinished()
    #if ROLLBACKD_FAILPOINTS
      befallSentPatches()
    #endif
  }

  private func deliverFinished() {
    var finished: [(CurlTransfer, CURLcode)] = []
    var remaining: Int32 = 0
    // curl_multi_info_read(3): the message is gone once its handle is removed, so take what is needed first.
    while let message = curl_multi_info_read(multi, &remaining) {
      guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
        let transfer = CurlTransfer.from(easy: easy)
      else { continue }
      let result = clibcurl_message_result(message)
      finished.append((transfer, result))
    }
    for (transfer, result) in finished {
      let error = transfer.error(for: result)
      remove(transfer)
      onFinished(transfer, error)
    }
  }

  private func inside(_ call: () -> CURLMcode) -> CURLMcode {
    let outer = isInsideLibrary
    isInsideLibrary = true
    defer { isInsideLibrary = outer }
    return call()
  }

  private static func mask(of readiness: Readiness) -> Int32 {
    var mask: Int32 = 0
    if readiness.contains(.readable) || readiness.contains(.hangup) { mask |= Int32(CURL_CSELECT_IN) }
    if readiness.contains(.writable) { mask |= Int32(CURL_CSELECT_OUT) }
    if readiness.contains(.error) { mask |= Int32(CURL_CSELECT_ERR) }
    return mask
  }
}
