internal import CRollbackProto
internal import ProtobufC

extension ProtobufReader {
  /// A field of `google.protobuf.Timestamp`: nil where it is absent.
  ///
  /// - Parameter name: the field's full name, for the error; the scan cannot name it, for the bytes are well-formed.
  func timestamp(
    _ field: UnsafeMutablePointer<Google__Protobuf__Timestamp>?, _ name: String
  ) throws(ProtobufError) -> Timestamp? {
    do {
      return try message(field, as: Timestamp.self)
    } catch {
      throw ProtobufError(error.code, field: name, error.message)
    }
  }

  /// A field of `google.protobuf.Duration`: nil where it is absent.
  ///
  /// - Parameter name: the field's full name, for the error.
  func duration(
    _ field: UnsafeMutablePointer<Google__Protobuf__Duration>?, _ name: String
  ) throws(ProtobufError) -> Duration? {
    do {
      return try message(field, as: WireDuration.self)?.duration
    } catch {
      throw ProtobufError(error.code, field: name, error.message)
    }
  }
}

extension ProtobufWriter {
  /// A field of `google.protobuf.Duration`; nil leaves it absent.
  func duration(_ value: Duration?) -> UnsafeMutablePointer<Google__Protobuf__Duration>? {
    message(value.map(WireDuration.init))
  }
}
