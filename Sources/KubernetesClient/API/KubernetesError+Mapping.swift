internal import FoundationEssentials
internal import HTTPClient
internal import KubernetesObjects

extension KubernetesError {
  /// The error for an answer that is no success. Its body is a Status, but some 404s (and every proxy's answers) are
  /// plain text, which is then shown cut short.
  init(_ response: HTTPResponse, request: String) {
    let status = try? JSONDecoder().decode(Status.self, from: Data(response.body))
    if let status, !status.message.isEmpty || !status.reason.isEmpty {
      self.init(status, httpStatus: response.status, request: request)
    } else {
      let text =
        String(decoding: response.body.prefix(200), as: UTF8.self)
        .split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
      self.init(
        Status(code: response.status, message: text.isEmpty ? "no explanation" : text), httpStatus: response.status,
        request: request)
    }
    retryAfter = Self.retryAfter(response.headers) ?? retryAfter
  }

  /// The error that a Status says: a refused request's body, or the object of a watch's `ERROR` event.
  init(_ status: Status, httpStatus: Int? = nil, request: String) {
    let number = status.code != 0 ? status.code : httpStatus ?? 0
    let seconds = status.details?.retryAfterSeconds ?? 0
    self.init(
      code: Self.code(number, status), message: "\(request): \(status.message)", status: number,
      reason: status.reason, causes: status.details?.causes ?? [],
      retryAfter: seconds > 0 ? .seconds(seconds) : nil)
  }

  /// The error for a request without an answer.
  init(_ error: HTTPClientError, request: String) {
    let code: Code =
      switch error.code {
      case .invalidRequest: .invalid
      case .tls: .tls
      case .tooLarge, .protocolViolation: .malformedAnswer
      case .cancelled, .shutDown: .cancelled
      case .nameResolution, .connect, .timeout, .connectionLost, .failed: .unreachable
      }
    self.init(code: code, message: "\(request): \(error.message)", transport: error)
  }

  static func malformed(_ what: String, request: String) -> KubernetesError {
    KubernetesError(code: .malformedAnswer, message: "\(request): \(what)")
  }

  private static func code(_ number: Int, _ status: Status) -> Code {
    switch number {
    case 401: .unauthorized
    case 403: .forbidden
    case 404: .notFound
    case 409:
      if status.reason == "AlreadyExists" {
        .alreadyExists
      } else if status.details?.causes.contains(where: { $0.reason == "FieldManagerConflict" }) == true {
        .fieldManagerConflict
      } else {
        .conflict
      }
    case 410: .gone
    case 400, 405, 406, 413, 415, 422: .invalid
    case 429: .throttled
    case 504: .serverTimeout
    default:
      switch status.reason {
      case "Expired", "Gone": .gone
      case "Timeout", "ServerTimeout": .serverTimeout
      default: .refused
      }
    }
  }

  /// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date, which is measured against the server's own `Date`.
  static func retryAfter(_ headers: HTTPHeaders) -> Duration? {
    guard let text = headers["Retry-After"] else { return nil }
    if let seconds = Int64(text), seconds >= 0 { return .seconds(min(seconds, 86_400)) }
    guard let until = Timestamp(httpDate: text), let now = headers["Date"].flatMap({ Timestamp(httpDate: $0) }) else {
      return nil
    }
    return max(.zero, until.since(now))
  }
}
