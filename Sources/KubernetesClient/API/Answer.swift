internal import HTTPClient
public import KubernetesObjects

/// An object as the API server returned it, and what it said beside.
public struct Answer<Object: Sendable>: Sendable {
  public var object: Object
  /// The server's `Date`: its clock, to compare with the object's own times.
  public var serverDate: Timestamp?
  /// The texts of its `Warning` headers, such as those about unknown or deprecated fields.
  public var warnings: [String]

  public init(object: Object, serverDate: Timestamp? = nil, warnings: [String] = []) {
    self.object = object
    self.serverDate = serverDate
    self.warnings = warnings
  }

  init(object: Object, headers: HTTPHeaders) {
    self.object = object
    serverDate = headers["Date"].flatMap { Timestamp(httpDate: $0) }
    warnings = headers.values("Warning").flatMap { WarningHeader.texts($0) }
  }
}

/// Reads `Warning` header values (RFC 7234, section 5.5): `299 - "text"`, several separated by commas.
enum WarningHeader {
  static func texts(_ value: String) -> [String] {
    var texts: [String] = []
    var text: String?
    var isEscaped = false
    for character in value {
      if let begun = text {
        if isEscaped {
          text = begun + String(character)
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else if character == "\"" {
          texts.append(begun)
          text = nil
        } else {
          text = begun + String(character)
        }
      } else if character == "\"" {
        text = ""
      }
    }
    return texts
  }
}
