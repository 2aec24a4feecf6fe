internal import CLibcurl
internal import Glibc

/// One request in progress: the only owner of its `CURL *`, of the lists and of the error buffer libcurl points into.
///
/// Confined to the loop. libcurl's callbacks hold an unretained pointer to it: it must be removed from its multi handle
/// before it goes, which ``CurlMulti`` does.
final class CurlTransfer {
  /// libcurl's handle; borrowed by the multi handle between `add` and `remove`.
  let easy: UnsafeMutableRawPointer

  private let sink: any ResponseSink
  private let host: String
  private let errorText: UnsafeMutablePointer<CChar>
  private var headerList: UnsafeMutablePointer<curl_slist>?
  private var connectList: UnsafeMutablePointer<curl_slist>?
  private var parser = ResponseHeadParser()
  /// Why one of our callbacks made libcurl stop; says more than libcurl's own code.
  private var refusal: HTTPClientError?
  fileprivate let unacknowledgedMilliseconds: Int32
  private let now: () -> ContinuousClock.Instant

  #if ROLLBACKD_FAILPOINTS
    /// Of a PATCH whose sending was not noticed yet; else 0.
    var patchSize = 0
  #endif

  private(set) var bytesReceived = 0
  private(set) var bodyBytesReceived = 0
  private(set) var lastByteAt: ContinuousClock.Instant

  /// Makes the handle and sets every option; throws when libcurl refuses one.
  init(
    _ request: HTTPRequest, configuration: HTTPClientConfiguration, lifetime: Int64, sink: any ResponseSink,
    now: @escaping () -> ContinuousClock.Instant
  ) throws(HTTPClientError) {
    guard let easy = curl_easy_init() else {
      throw HTTPClientError(code: .failed, message: "libcurl has no memory", mayHaveReachedServer: false)
    }
    self.easy = easy
    self.sink = sink
    self.host = request.url.authority
    self.now = now
    self.lastByteAt = now()
    self.unacknowledgedMilliseconds = Int32(clamping: configuration.unacknowledgedTimeout.milliseconds)
    errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    // From here on deinit frees everything, also when an option is refused.
    var options = CurlOptions(easy: easy, host: host)
    options.set(CURLOPT_ERRORBUFFER, pointer: errorText)
    installCallbacks(&options)
    options.set(timeouts: request.timeouts, lifetime: lifetime)
    options.set(connection: configuration)
    options.set(tls: configuration.tls)
    setTarget(request, tls: configuration.tls, &options)
    setHeaders(request, configuration: configuration, &options)
    options.set(method: request.method, body: request.body)
    if request.acceptsCompression { options.set(CURLOPT_ACCEPT_ENCODING, string: "gzip") }
    if request.requiresNewConnection {
      options.set(CURLOPT_FRESH_CONNECT, 1)
    }
    #if ROLLBACKD_FAILPOINTS
      patchSize = request.method == .patch ? request.body?.count ?? 0 : 0
    #endif
    if let failure = options.failure { throw failure }
  }

  deinit {
    // curl_easy_cleanup(3) may still write to the error buffer and read the lists: free them after it.
    curl_easy_cleanup(easy)
    curl_slist_free_all(headerList)
    curl_slist_free_all(connectList)
    errorText.deallocate()
  }

  /// The transfer that libcurl's message or callback speaks of.
  static func from(easy: UnsafeMutableRawPointer) -> CurlTransfer? {
    var pointer: UnsafeMutableRawPointer?
    guard clibcurl_easy_getinfo_pointer(easy, CURLINFO_PRIVATE, &pointer) == CURLE_OK, let pointer else { return nil }
    return Unmanaged<CurlTransfer>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// What libcurl's result means for the caller; nil for an answer that came whole.
  func error(for result: CURLcode) -> HTTPClientError? {
    if let refusal { return refusal }
    guard result != CURLE_OK else {
      // libcurl 7.88 is content with a connection that was closed in the middle of the head.
      return parser.isComplete
        ? nil
        : HTTPClientError(
          code: .connectionLost, message: "\(host): the connection ended within the response's head")
    }
    return HTTPClientError(curl: result, detail: String(cString: errorText), host: host, sent: requestWasSent)
  }

  /// Tells the sink that nothing more comes. The handle must be out of its multi handle by then.
  func finish(_ error: HTTPClientError?) {
    sink.finish(error)
  }

  /// Whether bytes of the request may have left.
  var requestWasSent: Bool {
    long(CURLINFO_REQUEST_SIZE) > 0
  }

  /// How many connections were opened for it: 0 when a pooled one was used.
  var connectionsOpened: Int {
    long(CURLINFO_NUM_CONNECTS)
  }

  private func long(_ info: CURLINFO) -> Int {
    var value = 0
    return clibcurl_easy_getinfo_long(easy, info, &value) == CURLE_OK ? value : 0
  }

  // MARK: Options that need memory to outlive the call

  private func setTarget(_ request: HTTPRequest, tls: TLSConfiguration, _ options: inout CurlOptions) {
    var url = request.url
    if url.scheme == .https, let serverName = tls.serverName, serverName != url.host {
      // libcurl has no option for it: the URL names the certificate's host, and the connection goes elsewhere.
      url.host = serverName
      let real = request.url.host.contains(":") ? "[\(request.url.host)]" : request.url.host
      append(&connectList, "::\(real):\(request.url.effectivePort)", &options)
      options.set(CURLOPT_CONNECT_TO, list: connectList)
    }
    options.set(CURLOPT_PROTOCOLS_STR, string: url.scheme.rawValue)
    options.set(CURLOPT_URL, string: url.description)
  }

  private func setHeaders(
    _ request: HTTPRequest, configuration: HTTPClientConfiguration, _ options: inout CurlOptions
  ) {
    var headers = request.headers
    if headers["User-Agent"] == nil, let userAgent = configuration.userAgent { headers["User-Agent"] = userAgent }
    if headers["Host"] == nil { headers["Host"] = request.url.authority }
    for field in headers.fields {
      // A name with a semicolon sends an empty field; with a colon alone, libcurl would send none.
      append(&headerList, field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)", &options)
    }
    // Without a value these switch libcurl's own headers off: waiting for "100 Continue", and a guessed body type.
    append(&headerList, "Expect:", &options)
    if request.body != nil, headers["Content-Type"] == nil { append(&headerList, "Content-Type:", &options) }
    if headers["Accept"] == nil { append(&headerList, "Accept:", &options) }
    options.set(CURLOPT_HTTPHEADER, list: headerList)
  }

  /// curl_slist_append(3) copies the string, and returns null without freeing the list when there is no memory.
  private func append(
    _ list: inout UnsafeMutablePointer<curl_slist>?, _ text: String, _ options: inout CurlOptions
  ) {
    guard let longer = curl_slist_append(list, text) else { return options.fail(CURLE_OUT_OF_MEMORY) }
    list = longer
  }

  // MARK: Callbacks

  private func installCallbacks(_ options: inout CurlOptions) {
    let context = Unmanaged.passUnretained(self).toOpaque()
    options.set(CURLOPT_PRIVATE, pointer: context)
    options.set(CURLOPT_WRITEDATA, pointer: context)
    options.set(CURLOPT_HEADERDATA, pointer: context)
    options.set(CURLOPT_SOCKOPTDATA, pointer: context)
    // CURLOPT_WRITEFUNCTION(3): returning another number than was given ends the transfer with CURLE_WRITE_ERROR.
    options.check(
      clibcurl_easy_setopt_write(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : -1
      })
    options.check(
      clibcurl_easy_setopt_write(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : -1
      })
    options.check(
      clibcurl_easy_setopt_sockopt(easy) { context, socket, _ in
        guard let context else { return CURL_SOCKOPT_OK }
        var timeout = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().unacknowledgedMilliseconds
        // Best effort: a Unix socket has no such option.
        _ = setsockopt(
          socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &timeout, socklen_t(MemoryLayout<Int32>.size))
        return CURL_SOCKOPT_OK
      })
  }

  private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
    note(line.count)
    switch parser.receive(line) {
    case .more:
      return true
    case .complete(let head):
      sink.receive(head)
      return true
    case .violation(let reason):
      refusal = HTTPClientError(code: .protocolViolation, message: "\(host): \(reason)")
      return false
    }
  }

  private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
    note(bytes.count)
    bodyBytesReceived += bytes.count
    refusal = sink.receive(bytes)
    return refusal == nil
  }

  private func note(_ count: Int) {
    bytesReceived += count
    lastByteAt = now()
  }
}
