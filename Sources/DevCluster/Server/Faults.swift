/// What goes wrong with some of the next requests.
public struct Fault: Sendable {
  /// How a request fails.
  public enum Failure: Sendable {
    /// Answered with this code and nothing done; `retryAfter` seconds go into the header of that name. A watch's 410
    /// is an `ERROR` event, after which the stream ends.
    case status(Int, retryAfter: Int? = nil)
    /// The connection is closed without an answer, and nothing is done.
    case cutBefore
    /// The request is carried out and the connection closed without an answer.
    case cutAfter
    /// The answer comes that much later, in real time.
    case delay(Duration)
  }

  /// The Kubernetes verb that it befalls (`get`, `list`, `watch`, `create`, `update`, `patch`, `delete`); `nil`: all.
  public var verb: String?
  /// A part of the path that it befalls; empty: all.
  public var path: String
  /// How many requests it befalls.
  public var times: Int
  public var failure: Failure

  public init(_ failure: Failure, verb: String? = nil, path: String = "", times: Int = 1) {
    self.failure = failure
    self.verb = verb
    self.path = path
    self.times = times
  }

  func befalls(_ request: APIRequest) -> Bool {
    (verb == nil || verb == request.verb) && (path.isEmpty || request.path.contains(path)) && times > 0
  }
}

/// One request as the server saw it.
public struct LoggedRequest: Sendable {
  /// When it came, in seconds since 1970.
  public var at: Double
  /// Who sent it.
  public var user: String
  public var verb: String
  public var path: String
  public var query: [String: String]
  public var userAgent: String
  /// What it was answered, or would have been where its connection was cut after it had been carried out.
  public var status: Int
  /// The seconds in the answer's `Retry-After`.
  public var retryAfter: Int?
  /// Whether an injected fault befell it.
  public var isFaulty: Bool
  /// The body of a writing request, cut at 64 KiB.
  public var body: String
}

extension APIRequest {
  /// The Kubernetes verb.
  var verb: String {
    switch method {
    case "POST": return "create"
    case "PUT": return "update"
    case "PATCH": return "patch"
    case "DELETE": return "delete"
    default: break
    }
    if flag("watch") || path.contains("/watch/") { return "watch" }
    guard let route = try? Route(path: path), case .objects(let place) = route else { return "get" }
    return place.name == nil ? "list" : "get"
  }
}

extension Fault {
  /// A fault as the control endpoint takes it: `{"failure":"status","code":429,"retryAfter":1,"verb":"patch",
  /// "path":"/deployments/","times":2}`; other failures are `cutBefore`, `cutAfter` and `delay` with `seconds`.
  init?(_ object: JSON) {
    let failure: Failure
    switch object["failure"].string {
    case "status":
      guard let code = object["code"].int else { return nil }
      failure = .status(code, retryAfter: object["retryAfter"].int)
    case "cutBefore": failure = .cutBefore
    case "cutAfter": failure = .cutAfter
    case "delay": failure = .delay(.seconds(object["seconds"].int ?? 1))
    default: return nil
    }
    self.init(
      failure, verb: object["verb"].string, path: object["path"].string ?? "", times: object["times"].int ?? 1)
  }
}

extension APIStatus {
  /// The status that a real server gives with a code when it fails.
  static func fault(_ code: Int, retryAfter: Int?) -> APIStatus {
    let known: [Int: (String, String)] = [
      401: ("Unauthorized", "Unauthorized"),
      409: ("Conflict", "the object has been modified; please apply your changes to the latest version and try again"),
      410: ("Expired", "The resourceVersion for the provided list is too old."),
      429: ("TooManyRequests", "too many requests, please try again later"),
      500: ("InternalError", "Internal error occurred: injected fault"),
      503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
      504: ("Timeout", "Timeout: request did not complete within the allotted timeout"),
    ]
    let text = known[code] ?? ("", "injected fault")
    var details = JSON.object([:])
    if let retryAfter { details["retryAfterSeconds"] = JSON(retryAfter) }
    return APIStatus(
      code: code, reason: text.0.isEmpty ? nil : text.0, message: text.1, details: details, retryAfter: retryAfter)
  }
}
