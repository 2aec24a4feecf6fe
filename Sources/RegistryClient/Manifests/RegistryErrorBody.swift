internal import FoundationEssentials

/// What a registry says of a refusal: `{"errors":[{"code":"…","message":"…"}]}` (OCI distribution specification,
/// "Error codes"). Harbor's are of the same form.
struct RegistryErrorBody: Hashable, Sendable {
  var code: String
  /// One line, without control characters, bounded.
  var message: String

  private struct Body: Decodable {
    var errors: [Entry]
  }

  private struct Entry: Decodable {
    var code: String?
    var message: String?
  }

  private static let limit = 400

  /// The first error; nil when the body is something else, such as a proxy's page.
  init?(_ body: [UInt8]) {
    guard let first = (try? JSONDecoder().decode(Body.self, from: Data(body)))?.errors.first else { return nil }
    code = Self.clean(first.code ?? "")
    message = Self.clean(first.message ?? "")
  }

  private static func clean(_ text: String) -> String {
    var cleaned = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      let isControl = scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value)
      cleaned.unicodeScalars.append(isControl ? " " : scalar)
    }
    while cleaned.hasSuffix(" ") { cleaned.removeLast() }
    return text.unicodeScalars.count > limit ? cleaned + "…" : cleaned
  }
}
