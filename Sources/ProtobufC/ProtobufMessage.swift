/// A Swift value that travels as a protobuf message, by way of the C struct which protoc-c generated.
///
/// Conform a plain struct for each message and let ``ProtobufCodec`` turn it into bytes and back:
///
///     struct Deploy: ProtobufMessage {
///       var id: String
///       var createdAt: Instant?
///       var warnings: [Warning]
///       var outcome: Outcome
///
///       static let layout = ProtobufLayout(rollback__v1__deploy__init)
///
///       init(reading message: Rollback__V1__Deploy, with reader: ProtobufReader) throws(ProtobufError) {
///         id = reader.string(message.id)
///         createdAt = try reader.message(message.created_at)
///         warnings = try reader.messages(message.warnings, count: message.n_warnings)
///         switch message.outcome_case {                       // a oneof: the case first, then its member
///         case ROLLBACK__V1__DEPLOY__OUTCOME_FAILED: outcome = .failed(reader.string(message.failed))
///         default: outcome = .unknown
///         }
///       }
///
///       func write(into message: inout Rollback__V1__Deploy, with writer: ProtobufWriter) {
///         message.id = writer.string(id)
///         message.created_at = writer.message(createdAt)
///         (message.warnings, message.n_warnings) = writer.messages(warnings)
///         if case .failed(let why) = outcome {
///           message.outcome_case = ROLLBACK__V1__DEPLOY__OUTCOME_FAILED
///           message.failed = writer.string(why)
///         }
///       }
///     }
///
/// Both functions run while the C message is alive and must not keep a pointer out of it.
public protocol ProtobufMessage {
  /// The generated struct.
  associatedtype CMessage

  /// The generated struct's layout; a stored constant.
  static var layout: ProtobufLayout<CMessage> { get }

  /// Copies everything wanted out of an unpacked message.
  ///
  /// The bytes have passed the checks of ``ProtobufCodec/decode(_:from:)-(_,UnsafeRawBufferPointer)``, so strings are
  /// whole and valid. Enums may hold any number, and fields of messages may be absent: throw
  /// ``ProtobufError/Code/invalidValue`` where that cannot be meant.
  init(reading message: CMessage, with reader: ProtobufReader) throws(ProtobufError)

  /// Fills in a message whose fields all have their defaults.
  ///
  /// What the writer returns lives until the message is packed; nothing is to be freed.
  func write(into message: inout CMessage, with writer: ProtobufWriter)
}
