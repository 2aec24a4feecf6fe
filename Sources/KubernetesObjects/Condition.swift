/// One condition of an object's status. A Deployment has `Progressing`, `Available`, `ReplicaFailure`; a pod has
/// `PodScheduled`, `Ready`, `ContainersReady`, `Initialized`.
public struct Condition: Codable, Hashable, Sendable {
  public var type: String
  /// `True`, `False` or `Unknown`.
  public var status: String
  public var reason: String
  public var message: String
  /// Deployments only: when the controller last wrote this condition. Not renewed while status and reason stay.
  public var lastUpdateTime: Timestamp?
  public var lastTransitionTime: Timestamp?

  public init(
    type: String, status: String, reason: String = "", message: String = "", lastUpdateTime: Timestamp? = nil,
    lastTransitionTime: Timestamp? = nil
  ) {
    self.type = type
    self.status = status
    self.reason = reason
    self.message = message
    self.lastUpdateTime = lastUpdateTime
    self.lastTransitionTime = lastTransitionTime
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    type = try fields.value(.type, default: "")
    status = try fields.value(.status, default: "")
    reason = try fields.value(.reason, default: "")
    message = try fields.value(.message, default: "")
    lastUpdateTime = try fields.optional(.lastUpdateTime)
    lastTransitionTime = try fields.optional(.lastTransitionTime)
  }
}

extension [Condition] {
  /// The condition of that type, if the object has it.
  public func first(ofType type: String) -> Condition? {
    first { $0.type == type }
  }
}
