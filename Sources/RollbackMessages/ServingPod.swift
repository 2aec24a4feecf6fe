public import CRollbackProto
public import ProtobufC

/// A pod that serves while another one fails.
public struct ServingPod: Hashable, Sendable {
  public var name: String
  /// Of the container that fails in the other pod; empty where this one has no such container.
  public var image: String
  public var node: String
  /// Of all its containers.
  public var restarts: UInt32
  /// Whether it is of the new template.
  public var updated: Bool

  public init(name: String = "", image: String = "", node: String = "", restarts: UInt32 = 0, updated: Bool = false) {
    self.name = name
    self.image = image
    self.node = node
    self.restarts = restarts
    self.updated = updated
  }
}

extension ServingPod: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__serving_pod__init)

  public init(reading fields: Rollback__V1__ServingPod, with reader: ProtobufReader) throws(ProtobufError) {
    name = reader.string(fields.name)
    image = reader.string(fields.image)
    node = reader.string(fields.node)
    restarts = fields.restarts
    updated = reader.bool(fields.updated)
  }

  public func write(into fields: inout Rollback__V1__ServingPod, with writer: ProtobufWriter) {
    fields.name = writer.string(name)
    fields.image = writer.string(image)
    fields.node = writer.string(node)
    fields.restarts = restarts
    fields.updated = writer.bool(updated)
  }
}
