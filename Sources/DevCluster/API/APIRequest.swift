/// One HTTP request to the cluster's API, without its transport.
struct APIRequest: Sendable {
  var method: String
  /// The path without the query, percent-decoded.
  var path: String
  /// The query's parameters, percent-decoded; the first value counts.
  var query: [String: String] = [:]
  var accept = ""
  var contentType = ""
  var userAgent = ""
  /// The `Authorization` header.
  var authorization: String?
  var body: [UInt8] = []

  /// Whether a query parameter is given and says yes.
  func flag(_ name: String) -> Bool { ["1", "true"].contains(query[name]) }

  /// The manager of fields that this request writes as: named in the query, else by the user agent.
  var fieldManager: String {
    if let name = query["fieldManager"], !name.isEmpty { return name }
    let name = userAgent.prefix { $0 != "/" }
    return name.isEmpty ? "unknown" : String(name)
  }
}

/// An answer of the cluster's API, without its transport.
struct APIResponse: Sendable {
  enum Body: Sendable {
    case bytes([UInt8])
    /// Lines follow as the watch with that number yields them.
    case watch(Int)
  }

  var status: Int
  var contentType = "application/json"
  var headers: [(name: String, value: String)] = [("Cache-Control", "no-cache, private")]
  var body: Body
  /// How long to hold the answer back, in real time.
  var delay: Duration?

  init(_ object: JSON, status: Int = 200) {
    self.status = status
    body = .bytes(object.encoded + [0x0A])
  }

  init(text: String, status: Int = 200) {
    self.status = status
    contentType = "text/plain; charset=utf-8"
    headers.append(("X-Content-Type-Options", "nosniff"))
    body = .bytes(Array(text.utf8))
  }

  init(watch: Int) {
    status = 200
    body = .watch(watch)
  }

  init(_ status: APIStatus) {
    if status.isPlainText {
      self.init(text: status.message, status: status.code)
    } else {
      self.init(status.body, status: status.code)
    }
    if let retryAfter = status.retryAfter { headers.append(("Retry-After", String(retryAfter))) }
    if status.code == 504, status.reason == "Timeout" { delay = .seconds(3) }
  }
}

/// How the client wants objects to be shown.
enum Presentation: Hashable, Sendable {
  case object
  case table
  case metadata

  /// The first presentation that an `Accept` header asks for and the server has.
  init(accept: String) throws(APIStatus) {
    if accept.isEmpty {
      self = .object
      return
    }
    for range in accept.split(separator: ",") {
      let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
      guard let type = parts.first else { continue }
      guard ["application/json", "*/*", "application/*"].contains(type) else { continue }
      guard let shape = parts.first(where: { $0.hasPrefix("as=") })?.dropFirst(3) else {
        self = .object
        return
      }
      let isKnownVersion = !parts.contains { $0.hasPrefix("v=") && $0 != "v=v1" }
      switch shape {
      case "Table" where isKnownVersion:
        self = .table
        return
      case "PartialObjectMetadataList" where isKnownVersion, "PartialObjectMetadata" where isKnownVersion:
        self = .metadata
        return
      default: continue
      }
    }
    throw .notAcceptable
  }
}
