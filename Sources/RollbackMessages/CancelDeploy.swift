public import CRollbackProto
public import ProtobufC

/// Asks to end a running deploy.
public struct CancelDeployRequest: Hashable, Sendable {
  /// A UUID.
  public var deploy: String
  public var reason: String
  public var token: String
  public var onBehalfOf: String

  public init(deploy: String = "", reason: String = "", token: String = "", onBehalfOf: String = "") {
    self.deploy = deploy
    self.reason = reason
    self.token = token
    self.onBehalfOf = onBehalfOf
  }
}

extension CancelDeployRequest: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__cancel_deploy_request__init)

  public init(reading fields: Rollback__V1__CancelDeployRequest, with reader: ProtobufReader) throws(ProtobufError) {
    deploy = reader.string(fields.deploy)
    reason = reader.string(fields.reason)
    token = reader.string(fields.token)
    onBehalfOf = reader.string(fields.on_behalf_of)
  }

  public func write(into fields: inout Rollback__V1__CancelDeployRequest, with writer: ProtobufWriter) {
    fields.deploy = writer.string(deploy)
    fields.reason = writer.string(reason)
    fields.token = writer.string(token)
    fields.on_behalf_of = writer.string(onBehalfOf)
  }
}

extension CancelDeployRequest: CustomStringConvertible {
  /// What a log may hold: everything but the token, of which only the presence is told.
  public var description: String {
    "CancelDeployRequest(deploy: \(deploy), onBehalfOf: \(onBehalfOf), token: \(token.isEmpty ? "none" : "given"))"
  }
}

/// The deploy that was ended.
public struct CancelDeployResponse: Hashable, Sendable {
  /// As it ended: cancelled, or what it came to before the cancellation reached it.
  public var deploy: DeployRecord?
  /// What the cluster was left on, in words.
  public var leftOn: String

  public init(deploy: DeployRecord? = nil, leftOn: String = "") {
    self.deploy = deploy
    self.leftOn = leftOn
  }
}

extension CancelDeployResponse: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__cancel_deploy_response__init)

  public init(reading fields: Rollback__V1__CancelDeployResponse, with reader: ProtobufReader) throws(ProtobufError) {
    deploy = try reader.message(fields.deploy)
    leftOn = reader.string(fields.left_on)
  }

  public func write(into fields: inout Rollback__V1__CancelDeployResponse, with writer: ProtobufWriter) {
    fields.deploy = writer.message(deploy)
    fields.left_on = writer.string(leftOn)
  }
}
