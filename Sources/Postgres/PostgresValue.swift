public import FoundationEssentials

/// A parameter of a statement, sent in binary with its type. A nil payload is SQL's null of that type.
public enum PostgresValue: Sendable, Hashable {
  case bool(Bool?)
  case int2(Int16?)
  case int4(Int32?)
  case int8(Int64?)
  case float8(Double?)
  case text(String?)
  case bytea([UInt8]?)
  case uuid(UUID?)
  case timestamptz(PostgresTimestamp?)
  /// JSON text in UTF-8.
  case jsonb(String?)
  case textArray([String]?)
  case uuidArray([UUID]?)

  var type: UInt32 {
    switch self {
    case .bool: PostgresType.bool
    case .int2: PostgresType.int2
    case .int4: PostgresType.int4
    case .int8: PostgresType.int8
    case .float8: PostgresType.float8
    case .text: PostgresType.text
    case .bytea: PostgresType.bytea
    case .uuid: PostgresType.uuid
    case .timestamptz: PostgresType.timestamptz
    case .jsonb: PostgresType.jsonb
    case .textArray: PostgresType.textArray
    case .uuidArray: PostgresType.uuidArray
    }
  }

  /// Appends the binary form and says whether there is one: false is null.
  func encode(into bytes: inout [UInt8]) -> Bool {
    switch self {
    case .bool(let value): return Self.append(value.map { $0 ? UInt8(1) : 0 }, &bytes)
    case .int2(let value): return Self.append(value, &bytes)
    case .int4(let value): return Self.append(value, &bytes)
    case .int8(let value): return Self.append(value, &bytes)
    case .float8(let value): return Self.append(value?.bitPattern, &bytes)
    case .timestamptz(let value): return Self.append(value?.microsecondsSince2000, &bytes)
    case .text(let value): return Self.append(value?.utf8, &bytes)
    case .bytea(let value): return Self.append(value, &bytes)
    case .uuid(let value): return Self.append(value.map { withUnsafeBytes(of: $0.uuid) { Array($0) } }, &bytes)
    case .jsonb(let value):
      // One byte of version, then the text.
      return Self.append(value.map { [1] + $0.utf8 }, &bytes)
    case .textArray(let value): return Self.append(value?.map { Array($0.utf8) }, of: PostgresType.text, &bytes)
    case .uuidArray(let value):
      return Self.append(value?.map { withUnsafeBytes(of: $0.uuid) { Array($0) } }, of: PostgresType.uuid, &bytes)
    }
  }

  private static func append(_ integer: (some FixedWidthInteger)?, _ bytes: inout [UInt8]) -> Bool {
    guard let integer else { return false }
    withUnsafeBytes(of: integer.bigEndian) { bytes.append(contentsOf: $0) }
    return true
  }

  private static func append(_ content: (some Collection<UInt8>)?, _ bytes: inout [UInt8]) -> Bool {
    guard let content else { return false }
    bytes.append(contentsOf: content)
    return true
  }

  /// array_send: dimensions, whether it has nulls, element type, then for each dimension length and lower bound, then
  /// each element behind its length.
  private static func append(_ elements: [[UInt8]]?, of type: UInt32, _ bytes: inout [UInt8]) -> Bool {
    guard let elements else { return false }
    func word(_ value: some FixedWidthInteger) { _ = append(Int32(truncatingIfNeeded: value), &bytes) }
    word(elements.isEmpty ? 0 : 1)
    word(0)
    word(type)
    if !elements.isEmpty {
      word(elements.count)
      word(1)
    }
    for element in elements {
      word(element.count)
      bytes.append(contentsOf: element)
    }
    return true
  }
}

extension PostgresValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int64) { self = .int8(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
}
