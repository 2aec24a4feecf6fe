package import Logging

/// Lays out one event as one line; text that clients supplied can neither break the line nor forge a second one.
package struct LogLine: Sendable {
  private let format: LogFormat

  package init(format: LogFormat) {
    self.format = format
  }

  package func render(level: Logger.Level, label: String, message: String, pairs: [(String, String)]) -> String {
    switch format {
    case .text:
      var line = "\(level.rawValue) \(label): \(Self.escape(message, quotes: false))"
      for (key, value) in pairs { line += " \(Self.escape(key, quotes: false))=\(Self.quoteIfNeeded(value))" }
      return line
    case .json:
      var line = "{\"level\":\"\(level.rawValue)\",\"logger\":\(Self.quote(label)),\"message\":\(Self.quote(message))"
      for (key, value) in pairs { line += ",\(Self.quote(key)):\(Self.quote(value))" }
      return line + "}"
    }
  }

  private static func quoteIfNeeded(_ value: String) -> String {
    let isPlain =
      !value.isEmpty && value.unicodeScalars.allSatisfy { $0 > " " && $0 != "\"" && $0 != "=" && $0 != "\\" }
    return isPlain ? escape(value, quotes: false) : quote(value)
  }

  private static func quote(_ value: String) -> String {
    "\"" + escape(value, quotes: true) + "\""
  }

  /// JSON's escapes for quotes and backslashes, and `\u` for everything that a terminal or the journal would act on:
  /// C0 and C1 controls, line and paragraph separators, and the marks that reorder text.
  private static func escape(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x22 where quotes: result += "\\\""
      case 0x5c where quotes: result += "\\\\"
      case 0x0a: result += "\\n"
      case 0x0d: result += "\\r"
      case 0x09: result += "\\t"
      case ..<0x20, 0x7f..<0xa0, 0x2028, 0x2029, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
