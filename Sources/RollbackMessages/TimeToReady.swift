public import CRollbackProto
public import ProtobufC

/// Of the rollbacks that this daemon has seen succeed since its start.
public struct TimeToReady: Hashable, Sendable {
  public var count: UInt64
  /// How many met the target of 30 s.
  public var metTarget: UInt64
  public var median: Duration?
  public var maximum: Duration?

  public init(count: UInt64 = 0, metTarget: UInt64 = 0, median: Duration? = nil, maximum: Duration? = nil) {
    self.count = count
    self.metTarget = metTarget
    self.median = median
    self.maximum = maximum
  }
}

extension TimeToReady: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__time_to_ready__init)

  public init(reading fields: Rollback__V1__TimeToReady, with reader: ProtobufReader) throws(ProtobufError) {
    count = fields.count
    metTarget = fields.met_target
    median = try reader.duration(fields.median, "rollback.v1.TimeToReady.median")
    maximum = try reader.duration(fields.maximum, "rollback.v1.TimeToReady.maximum")
  }

  public func write(into fields: inout Rollback__V1__TimeToReady, with writer: ProtobufWriter) {
    fields.count = count
    fields.met_target = metTarget
    fields.median = writer.duration(median)
    fields.maximum = writer.duration(maximum)
  }
}
