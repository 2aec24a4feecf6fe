/// An absolute `http` or `https` URL, taken apart once so that nobody splices strings later.
///
/// `path` and `query` are kept percent-encoded, exactly as they go on the wire. User information and fragments are
/// refused: credentials travel in headers only (RFC 9110, section 4.2.4).
public struct HTTPURL: Sendable, Hashable {
  /// The two schemes this client speaks.
  public enum Scheme: String, Sendable {
    case http, https

    /// The port that applies when the URL names none.
    public var defaultPort: Int { self == .https ? 443 : 80 }
  }

  public var scheme: Scheme
  /// A name or an address; an IPv6 address stands here without its brackets.
  public var host: String
  /// Nil means the scheme's default port.
  public var port: Int?
  /// Percent-encoded, begins with `/`.
  public var path: String
  /// Percent-encoded, without the question mark.
  public var query: String?

  public init(scheme: Scheme, host: String, port: Int? = nil, path: String = "/", query: String? = nil) {
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path
    self.query = query
  }

  /// Parses an absolute URL; throws `.invalidRequest` for anything that is not one of ours.
  public init(parsing text: String) throws(HTTPClientError) {
    guard let separator = text.firstRange(of: "://") else {
      throw .invalidRequest("the URL has no scheme: \(Self.quoted(text))")
    }
    guard let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased()) else {
      throw .invalidRequest("the URL's scheme is neither http nor https: \(Self.quoted(text))")
    }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw .invalidRequest("the URL holds a character that must be percent-encoded: \(Self.quoted(text))")
    }
    guard !text.contains("#") else {
      throw .invalidRequest("the URL has a fragment: \(Self.quoted(text))")
    }
    let rest = text[separator.upperBound...]
    let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    let (host, port) = try Self.splitAuthority(rest[..<authorityEnd], of: text)
    let target = rest[authorityEnd...]
    let mark = target.firstIndex(of: "?")
    let path = target[..<(mark ?? target.endIndex)]
    self.scheme = scheme
    self.host = host
    self.port = port
    self.path = path.isEmpty ? "/" : String(path)
    self.query = mark.map { String(target[target.index(after: $0)...]) }
  }

  /// The port a connection is made to.
  public var effectivePort: Int { port ?? scheme.defaultPort }

  /// Host and port as they stand in a URL and in the `Host` header.
  public var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port.map { "\(name):\($0)" } ?? name
  }

  /// The same URL with one more path segment at a time; each segment is percent-encoded whole, slashes included.
  public func appending(_ segments: [String]) -> HTTPURL {
    var copy = self
    if copy.path.hasSuffix("/") { copy.path.removeLast() }
    for segment in segments {
      copy.path += "/" + PercentEncoding.encode(segment)
    }
    return copy
  }

  /// The same URL with these query items instead of its own.
  public func with(query items: [(name: String, value: String)]) -> HTTPURL {
    var copy = self
    copy.query =
      items.isEmpty
      ? nil
      : items.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }.joined(separator: "&")
    return copy
  }

  private static func splitAuthority(
    _ authority: Substring, of text: String
  ) throws(HTTPClientError) -> (host: String, port: Int?) {
    guard !authority.contains("@") else {
      throw .invalidRequest("the URL holds user information; send it in a header instead")
    }
    var host = authority
    var portText: Substring?
    if authority.first == "[" {
      guard let close = authority.firstIndex(of: "]") else {
        throw .invalidRequest("the URL's IPv6 address has no closing bracket: \(quoted(text))")
      }
      host = authority[authority.index(after: authority.startIndex)..<close]
      let after = authority[authority.index(after: close)...]
      guard after.isEmpty || after.first == ":" else {
        throw .invalidRequest("the URL's host is malformed: \(quoted(text))")
      }
      portText = after.isEmpty ? nil : after.dropFirst()
    } else if let colon = authority.firstIndex(of: ":") {
      host = authority[..<colon]
      portText = authority[authority.index(after: colon)...]
    }
    guard !host.isEmpty, !host.contains("["), !host.contains("%"), !host.contains("\\") else {
      throw .invalidRequest("the URL has no usable host: \(quoted(text))")
    }
    guard let portText, !portText.isEmpty else { return (String(host), nil) }
    guard portText.allSatisfy(\.isNumber), let port = Int(portText), (1...65535).contains(port) else {
      throw .invalidRequest("the URL's port is not a number from 1 to 65535: \(quoted(text))")
    }
    return (String(host), port)
  }

  private static func quoted(_ text: String) -> String {
    // A URL that did not parse may be anything, a pasted token among others: show only its beginning, and nothing of what
    // may be a name and a password before a host.
    let shown = text.lastIndex(of: "@").map { "…\(text[$0...])" } ?? text
    return "\"\(shown.prefix(60))\(shown.count > 60 ? "…" : "")\""
  }
}

extension HTTPURL: CustomStringConvertible {
  /// The URL as text. Safe to log as far as its query is.
  public var description: String {
    "\(scheme.rawValue)://\(authority)\(path)" + (query.map { "?\($0)" } ?? "")
  }
}
