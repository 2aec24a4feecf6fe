internal import RollbackMessages

/// Checks of what callers send, each with a refusal that names the field and says what is allowed.
enum RequestCheck {
  /// A name of an app, or its UUID.
  static func app(_ value: String) throws(ServiceError) {
    guard !value.isEmpty else {
      throw ServiceError(.invalidArgument, "app is empty: name an app (list them with app list)")
    }
    guard value.utf8.count <= 253, value.utf8.allSatisfy(isNameByte) else {
      throw ServiceError(
        .invalidArgument, "app \(quoted(value)) is no app name: 1 to 253 characters of a-z, 0-9, \"-\" and \".\"")
    }
  }

  /// A name of a Kubernetes object (RFC 1123 subdomain).
  static func objectName(_ value: String, _ field: String) throws(ServiceError) {
    guard !value.isEmpty, value.utf8.count <= 253, value.utf8.allSatisfy(isNameByte),
      value.first != "-", value.last != "-", value.first != ".", value.last != "."
    else {
      throw ServiceError(
        .invalidArgument,
        "\(field) \(quoted(value)) is no Kubernetes name: 1 to 253 characters of a-z, 0-9, \"-\" and \".\"")
    }
  }

  /// A UUID in its usual form; lower-cased.
  static func uuid(_ value: String, _ field: String) throws(ServiceError) -> String {
    guard let uuid = canonicalUUID(value) else {
      throw ServiceError(
        .invalidArgument, "\(field) \(quoted(value)) is no UUID (expected 36 characters such as \(exampleUUID))")
    }
    return uuid
  }

  /// A page size: 0 asks for the default.
  static func pageSize(_ value: UInt32, default size: Int, limit: Int) throws(ServiceError) -> Int {
    guard value <= limit else {
      throw ServiceError(.invalidArgument, "page size \(value) is out of range: 1 to \(limit), or 0 for \(size)")
    }
    return value == 0 ? size : Int(value)
  }

  /// Text for the record: bounded, no control characters.
  static func text(_ value: String, _ field: String, limit: Int) throws(ServiceError) {
    guard value.utf8.count <= limit else {
      throw ServiceError(.invalidArgument, "\(field) has \(value.utf8.count) bytes; at most \(limit) are kept")
    }
    guard value.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f || $0 == "\n" || $0 == "\t" }) else {
      throw ServiceError(.invalidArgument, "\(field) holds control characters")
    }
  }

  /// A span of time within bounds; nil stays nil.
  static func duration(
    _ value: Duration?, _ field: String, in range: ClosedRange<Duration>
  ) throws(ServiceError) {
    guard let value, !range.contains(value) else { return }
    throw ServiceError(.invalidArgument, "\(field) must be from \(range.lowerBound) to \(range.upperBound)")
  }

  /// `0BD91…` → `0bd91…`; nil when it is no UUID.
  static func canonicalUUID(_ value: String) -> String? {
    let bytes = Array(value.utf8)
    guard bytes.count == 36 else { return nil }
    for (index, byte) in bytes.enumerated() {
      let isDash = index == 8 || index == 13 || index == 18 || index == 23
      guard isDash ? byte == UInt8(ascii: "-") : isHex(byte) else { return nil }
    }
    return value.lowercased()
  }

  private static let exampleUUID = "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60"

  private static func isHex(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"),
      UInt8(ascii: "."):
      true
    default: false
    }
  }

  /// As it may stand in a sentence: short, and without anything that a terminal would act on.
  static func quoted(_ value: String) -> String {
    var shown = ""
    for scalar in value.unicodeScalars.prefix(60) {
      shown.unicodeScalars.append(scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) ? "?" : scalar)
    }
    return "\"\(shown)\(value.unicodeScalars.count > 60 ? "…" : "")\""
  }
}
