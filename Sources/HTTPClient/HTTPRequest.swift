/// What is asked of a server, with its limits.
public struct HTTPRequest: Sendable {
  public var method: HTTPMethod
  public var url: HTTPURL
  public var headers: HTTPHeaders
  /// Nil sends no body; an empty array sends an empty one.
  public var body: [UInt8]?
  public var timeouts: HTTPTimeouts
  /// How many bytes of body are accepted at most, **after** decompression. A streamed response is not limited in sum;
  /// there the client's `streamBufferSize` bounds what may lie unread.
  public var maximumBodySize: Int
  /// Whether the server may compress the response.
  public var acceptsCompression: Bool
  /// Forbids the use of a pooled connection.
  ///
  /// libcurl re-sends a request of *any* method by itself, up to five times, when a pooled connection dies before the
  /// first byte of the answer (`Curl_retry_request` in lib/transfer.c). The first copy may have been carried out. So
  /// either a write carries a precondition that makes the second copy harmless, or it sets this.
  public var requiresNewConnection: Bool

  public init(
    _ method: HTTPMethod = .get,
    _ url: HTTPURL,
    headers: HTTPHeaders = [:],
    body: [UInt8]? = nil,
    timeouts: HTTPTimeouts = .unary,
    maximumBodySize: Int = 64 << 20,
    acceptsCompression: Bool = false,
    requiresNewConnection: Bool = false
  ) {
    self.method = method
    self.url = url
    self.headers = headers
    self.body = body
    self.timeouts = timeouts
    self.maximumBodySize = maximumBodySize
    self.acceptsCompression = acceptsCompression
    self.requiresNewConnection = requiresNewConnection
  }

  /// Throws `.invalidRequest` when a name or value would break out of its line.
  func validate() throws(HTTPClientError) {
    guard !method.rawValue.isEmpty, method.rawValue.utf8.allSatisfy(Self.isTokenByte) else {
      throw .invalidRequest("the method is not a token")
    }
    for field in headers.fields {
      guard !field.name.isEmpty, field.name.utf8.allSatisfy(Self.isTokenByte) else {
        throw .invalidRequest("a header's name is not a token")
      }
      guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 }) else {
        throw .invalidRequest("the value of header \(field.name) holds a control character")
      }
    }
    let target = url.path.utf8.elementsEqual([]) ? "/" : url.path
    guard target.hasPrefix("/"), (target + (url.query ?? "")).utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x23 })
    else {
      throw .invalidRequest("the URL's path or query is not percent-encoded")
    }
    guard !url.host.isEmpty, url.host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
      !url.host.contains(where: { "/?#@[]\\%".contains($0) })
    else {
      throw .invalidRequest("the URL's host holds a character that no host has")
    }
  }

  /// RFC 9110, section 5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default:
      "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

/// A request method; any token will do.
public struct HTTPMethod: Sendable, Hashable, RawRepresentable {
  public let rawValue: String

  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  public static let get = HTTPMethod(rawValue: "GET")
  public static let head = HTTPMethod(rawValue: "HEAD")
  public static let post = HTTPMethod(rawValue: "POST")
  public static let put = HTTPMethod(rawValue: "PUT")
  public static let patch = HTTPMethod(rawValue: "PATCH")
  public static let delete = HTTPMethod(rawValue: "DELETE")
}
