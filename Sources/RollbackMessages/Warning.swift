public import CRollbackProto
public import ProtobufC

/// Something worth knowing that does not block.
public struct Warning: Hashable, Sendable {
  /// schema_mismatch, image_unverified, tag_moved, digest_unknown, target_failed_before, environment_changed,
  /// scaled_to_zero, autoscaler_active, strategy_differs.
  public var code: String
  /// One sentence for a person.
  public var message: String
  /// Its objects: for schema_mismatch the migrations, "0042_orders_add_note (2026-11-24T02:31:00Z)"; for
  /// environment_changed names, never values: "DB_POOL (changed)", "secret hello-env (added)".
  public var details: [String]

  public init(code: String = "", message: String = "", details: [String] = []) {
    self.code = code
    self.message = message
    self.details = details
  }
}

extension Warning: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__warning__init)

  public init(reading fields: Rollback__V1__Warning, with reader: ProtobufReader) throws(ProtobufError) {
    code = reader.string(fields.code)
    message = reader.string(fields.message)
    details = reader.strings(fields.details, count: fields.n_details)
  }

  public func write(into fields: inout Rollback__V1__Warning, with writer: ProtobufWriter) {
    fields.code = writer.string(code)
    fields.message = writer.string(message)
    (fields.details, fields.n_details) = writer.strings(details)
  }
}
