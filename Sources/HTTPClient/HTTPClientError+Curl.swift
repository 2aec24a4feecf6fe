internal import CLibcurl

extension HTTPClientError {
  /// The error for a transfer that libcurl ended with `result` (libcurl-errors(3)).
  ///
  /// `sent` tells whether request bytes left on a connection: also with codes that speak of one which was not made, for
  /// libcurl sends a request again by itself when a pooled connection dies (see
  /// ``HTTPRequest/requiresNewConnection``), and what ends with `CURLE_COULDNT_CONNECT` may be the second copy. A proxy's
  /// CONNECT counts as sent too: then it says more than is true, which is the safe side.
  init(curl result: CURLcode, detail: String, host: String, sent: Bool) {
    let code = Self.code(for: result)
    let reason = detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail
    self.init(
      code: code, message: "\(host): \(reason)", curlCode: Int32(bitPattern: result.rawValue),
      mayHaveReachedServer: sent)
  }

  private static func code(for result: CURLcode) -> Code {
    switch result {
    case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT:
      .invalidRequest
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
      .nameResolution
    case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY:
      .connect
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
      CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS,
      CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CRL_BADFILE,
      CURLE_USE_SSL_FAILED, CURLE_SSL_CLIENTCERT:
      .tls
    case CURLE_OPERATION_TIMEDOUT:
      .timeout
    case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE, CURLE_SEND_FAIL_REWIND,
      CURLE_SSL_SHUTDOWN_FAILED, CURLE_HTTP2, CURLE_HTTP2_STREAM:
      .connectionLost
    // We ask for http and https only, so an unsupported protocol is what the server speaks: HTTP/0.9, or none at all.
    case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP_RETURNED_ERROR:
      .protocolViolation
    case CURLE_FILESIZE_EXCEEDED:
      .tooLarge
    case CURLE_ABORTED_BY_CALLBACK:
      .cancelled
    default:
      .failed
    }
  }
}
