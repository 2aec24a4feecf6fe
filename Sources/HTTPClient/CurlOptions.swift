internal import CLibcurl

/// Sets options on one handle and remembers the first that libcurl refused, so that the caller checks once.
struct CurlOptions {
  let easy: UnsafeMutableRawPointer
  let host: String
  private(set) var failure: HTTPClientError?

  init(easy: UnsafeMutableRawPointer, host: String) {
    self.easy = easy
    self.host = host
  }

  mutating func check(_ result: CURLcode) {
    if result != CURLE_OK { fail(result) }
  }

  mutating func fail(_ result: CURLcode) {
    guard failure == nil else { return }
    failure = HTTPClientError(curl: result, detail: "", host: host, sent: false)
  }

  mutating func set(_ option: CURLoption, _ value: Int) {
    check(clibcurl_easy_setopt_long(easy, option, value))
  }

  /// libcurl copies strings (CURLOPT_URL(3) and others, since 7.17).
  mutating func set(_ option: CURLoption, string: String?) {
    if let string {
      check(clibcurl_easy_setopt_string(easy, option, string))
    } else {
      check(clibcurl_easy_setopt_string(easy, option, nil))
    }
  }

  /// The memory must outlive the handle.
  mutating func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer) {
    check(clibcurl_easy_setopt_pointer(easy, option, pointer))
  }

  /// The list must outlive the transfer (CURLOPT_HTTPHEADER(3)).
  mutating func set(_ option: CURLoption, list: UnsafeMutablePointer<curl_slist>?) {
    check(clibcurl_easy_setopt_list(easy, option, list))
  }

  /// libcurl copies the bytes, as CURL_BLOB_COPY asks.
  mutating func set(_ option: CURLoption, blob bytes: [UInt8]) {
    var copy = bytes
    let easy = easy
    let result = copy.withUnsafeMutableBytes { buffer in
      var blob = curl_blob(data: buffer.baseAddress, len: buffer.count, flags: UInt32(CURL_BLOB_COPY))
      return clibcurl_easy_setopt_blob(easy, option, &blob)
    }
    check(result)
  }
}

extension CurlOptions {
  mutating func set(method: HTTPMethod, body: [UInt8]?) {
    if method == .head {
      set(CURLOPT_NOBODY, 1)
      return
    }
    if let body {
      // The size comes first, or libcurl takes the bytes for a C string (CURLOPT_COPYPOSTFIELDS(3)).
      check(clibcurl_easy_setopt_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, Int(body.count)))
      let easy = easy
      let result = body.withUnsafeBytes { buffer in
        var empty: UInt8 = 0
        return withUnsafeMutableBytes(of: &empty) { nothing in
          let start = buffer.baseAddress.map(UnsafeMutableRawPointer.init(mutating:)) ?? nothing.baseAddress
          return clibcurl_easy_setopt_pointer(easy, CURLOPT_COPYPOSTFIELDS, start)
        }
      }
      check(result)
    }
    if method != .get || body != nil { set(CURLOPT_CUSTOMREQUEST, string: method.rawValue) }
  }

  mutating func set(timeouts: HTTPTimeouts, lifetime: Int64) {
    set(CURLOPT_CONNECTTIMEOUT_MS, timeouts.connect.milliseconds)
    if let total = timeouts.total { set(CURLOPT_TIMEOUT_MS, total.milliseconds) }
    if let idle = timeouts.idle {
      set(CURLOPT_LOW_SPEED_LIMIT, 1)
      set(CURLOPT_LOW_SPEED_TIME, max(1, (idle.milliseconds + 999) / 1000))
    }
    set(CURLOPT_MAXLIFETIME_CONN, Int(lifetime))
  }

  mutating func set(connection configuration: HTTPClientConfiguration) {
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_FOLLOWLOCATION, 0)
    set(CURLOPT_UNRESTRICTED_AUTH, 0)
    set(CURLOPT_HTTP09_ALLOWED, 0)
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    // Else removing a handle waits for the thread that resolves its name, and the loop with it.
    set(CURLOPT_QUICK_EXIT, 1)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_TCP_KEEPIDLE, max(1, configuration.keepAlive.idle.milliseconds / 1000))
    set(CURLOPT_TCP_KEEPINTVL, max(1, configuration.keepAlive.interval.milliseconds / 1000))
    switch configuration.version {
    case .http1:
      set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
    case .http2:
      set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
      // Wait for the connection that is being made rather than make one for each request.
      set(CURLOPT_PIPEWAIT, 1)
    }
    switch configuration.proxy {
    case .environment: break
    case .direct: set(CURLOPT_PROXY, string: "")
    case .url(let url): set(CURLOPT_PROXY, string: url)
    }
  }

  mutating func set(tls: TLSConfiguration) {
    set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
    switch tls.trust {
    case .system:
      break
    case .authorities(let pem):
      // A blob replaces CAINFO but not CAPATH, which Debian sets to /etc/ssl/certs: every public authority would be
      // trusted too (CURLOPT_CAINFO_BLOB(3) does not say so; tried). The same for a proxy's certificate.
      for option in [CURLOPT_CAPATH, CURLOPT_CAINFO, CURLOPT_PROXY_CAPATH, CURLOPT_PROXY_CAINFO] {
        set(option, string: nil)
      }
      set(CURLOPT_CAINFO_BLOB, blob: pem)
      set(CURLOPT_PROXY_CAINFO_BLOB, blob: pem)
    case .anyone:
      set(CURLOPT_SSL_VERIFYPEER, 0)
      set(CURLOPT_SSL_VERIFYHOST, 0)
    }
    if let identity = tls.identity {
      set(CURLOPT_SSLCERTTYPE, string: "PEM")
      set(CURLOPT_SSLKEYTYPE, string: "PEM")
      set(CURLOPT_SSLCERT_BLOB, blob: identity.certificatePEM)
      set(CURLOPT_SSLKEY_BLOB, blob: identity.privateKeyPEM)
    }
  }
}

extension Duration {
  /// Whole milliseconds, at least one for any positive duration: libcurl takes 0 for "no limit".
  var milliseconds: Int {
    let (seconds, attoseconds) = components
    let whole = seconds.multipliedReportingOverflow(by: 1000)
    guard !whole.overflow else { return seconds > 0 ? Int(Int32.max) : 0 }
    let value = whole.partialValue + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int(min(value, Int64(Int32.max)))
  }
}
