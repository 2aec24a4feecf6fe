/// The body of a refused request, and the object of a watch's `ERROR` event.
///
/// Match `code` and `reason`, never the text: 409 alone means a stale resourceVersion (`Conflict`), an object that is
/// there already (`AlreadyExists`) or a field manager's conflict (a cause `FieldManagerConflict`).
public struct Status: Codable, Hashable, Sendable {
  public struct Cause: Codable, Hashable, Sendable {
    public var reason: String
    public var message: String
    public var field: String

    public init(reason: String = "", message: String = "", field: String = "") {
      self.reason = reason
      self.message = message
      self.field = field
    }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      reason = try fields.value(.reason, default: "")
      message = try fields.value(.message, default: "")
      field = try fields.value(.field, default: "")
    }
  }

  public struct Details: Codable, Hashable, Sendable {
    public var name: String
    public var kind: String
    public var uid: String
    public var causes: [Cause]
    public var retryAfterSeconds: Int

    public init(
      name: String = "", kind: String = "", uid: String = "", causes: [Cause] = [], retryAfterSeconds: Int = 0
    ) {
      self.name = name
      self.kind = kind
      self.uid = uid
      self.causes = causes
      self.retryAfterSeconds = retryAfterSeconds
    }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      name = try fields.value(.name, default: "")
      kind = try fields.value(.kind, default: "")
      uid = try fields.value(.uid, default: "")
      causes = try fields.value(.causes, default: [])
      retryAfterSeconds = try fields.value(.retryAfterSeconds, default: 0)
    }
  }

  /// `Success` or `Failure`.
  public var status: String
  public var code: Int
  /// `NotFound`, `Conflict`, `Expired`, `Invalid`, `Forbidden` and others; empty where the server had none.
  public var reason: String
  public var message: String
  public var details: Details?

  public init(
    status: String = "Failure", code: Int, reason: String = "", message: String = "", details: Details? = nil
  ) {
    self.status = status
    self.code = code
    self.reason = reason
    self.message = message
    self.details = details
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    status = try fields.value(.status, default: "")
    code = try fields.value(.code, default: 0)
    reason = try fields.value(.reason, default: "")
    message = try fields.value(.message, default: "")
    details = try fields.optional(.details)
  }

  /// The resourceVersion asked for is no longer served: list again, then watch from there.
  public var isExpired: Bool { code == 410 || reason == "Expired" || reason == "Gone" }

  /// The resourceVersion asked for lies in the server's future.
  public var isResourceVersionTooLarge: Bool {
    details?.causes.contains { $0.reason == "ResourceVersionTooLarge" } ?? false
  }
}
