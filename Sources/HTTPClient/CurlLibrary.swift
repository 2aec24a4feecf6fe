internal import CLibcurl
internal import Glibc

/// libcurl's global state, set up once for the process.
enum CurlLibrary {
  /// Nil when libcurl is ready; otherwise why not.
  ///
  /// curl_global_init(3) is thread-safe in this build (feature `threadsafe`), and a static is initialised once anyway.
  static let failure: HTTPClientError? = {
    let result = curl_global_init(Int(CURL_GLOBAL_ALL))
    guard result == CURLE_OK else {
      return HTTPClientError(curl: result, detail: "libcurl cannot start", host: "libcurl", sent: false)
    }
    ignoreBrokenPipes()
    return nil
  }()

  /// CURLOPT_NOSIGNAL keeps libcurl from touching signals, SIGPIPE among them, and OpenSSL writes with write(2): a
  /// connection that the peer closed would end the process. A handler that somebody installed is left alone.
  private static func ignoreBrokenPipes() {
    var current = sigaction()
    guard sigaction(SIGPIPE, nil, &current) == 0, current.__sigaction_handler.sa_handler == nil else { return }
    signal(SIGPIPE, SIG_IGN)
  }
}
