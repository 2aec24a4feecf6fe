/// Why bytes are no message, or a value cannot become bytes.
///
/// Holds names of types and fields only, never a field's content, so it may be logged and told to the peer.
public struct ProtobufError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kinds of refusal.
  public enum Code: Hashable, Sendable {
    /// The message is longer than ``ProtobufLimits/maximumBytes``.
    case tooLarge
    /// Sub-messages are nested deeper than ``ProtobufLimits/maximumDepth``.
    case tooDeep
    /// Unpacked, the message would need more memory than ``ProtobufLimits`` grants for its length.
    case tooCostly
    /// A field that holds one sub-message came twice. protobuf-c would merge them, wrongly and in quadratic time.
    case duplicateMessage
    /// A string is not UTF-8.
    case invalidUTF8
    /// A string holds U+0000, which would cut it short in C.
    case nulInString
    /// A group (wire types 3 and 4): long deprecated and unknown to protobuf-c.
    case group
    /// The bytes end within a field.
    case truncated
    /// A varint of more than ten bytes, a field number of 0, or a wire type that does not exist.
    case malformed
    /// A field came with the wire type of another kind of field.
    case wireTypeMismatch
    /// A sub-message that the receiver depends on is absent, or a value is out of the range it documents.
    case invalidValue
    /// protobuf-c refused bytes that the scan had let through.
    case refused
  }

  /// What is wrong.
  public let code: Code
  /// Where: the message's full name and the field, for example `rollback.v1.RollbackRequest.reason`.
  public let field: String
  /// What is wrong, as the end of a sentence that begins with ``field``.
  public let message: String

  /// An error of the given kind; `message` must not quote what the field holds.
  public init(_ code: Code, field: String, _ message: String) {
    self.code = code
    self.field = field
    self.message = message
  }

  public var description: String { "\(field) \(message)" }
}
