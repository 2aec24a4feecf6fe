extension JSONValue {
  /// On one line, as NDJSON wants it.
  var line: String { Writer(indents: false).text(of: self) }

  /// On many lines, indented by two spaces.
  var document: String { Writer(indents: true).text(of: self) }

  private struct Writer {
    let indents: Bool
    var depth = 0
    var text = ""

    init(indents: Bool) { self.indents = indents }

    consuming func text(of value: JSONValue) -> String {
      write(value)
      return text
    }

    private mutating func write(_ value: JSONValue) {
      switch value {
      case .null: text += "null"
      case .bool(let value): text += value ? "true" : "false"
      case .number(let digits): text += digits
      case .string(let string): quote(string)
      case .array(let elements):
        open("[")
        for (index, element) in elements.enumerated() {
          separate(index)
          write(element)
        }
        close("]", isEmpty: elements.isEmpty)
      case .object(let members):
        open("{")
        for (index, member) in members.enumerated() {
          separate(index)
          quote(member.name)
          text += indents ? ": " : ":"
          write(member.value)
        }
        close("}", isEmpty: members.isEmpty)
      }
    }

    private mutating func open(_ bracket: String) {
      text += bracket
      depth += 1
    }

    private mutating func separate(_ index: Int) {
      if index > 0 { text += "," }
      breakLine()
    }

    private mutating func close(_ bracket: String, isEmpty: Bool) {
      depth -= 1
      if !isEmpty { breakLine() }
      text += bracket
    }

    private mutating func breakLine() {
      if indents { text += "\n" + String(repeating: "  ", count: depth) }
    }

    /// RFC 8259, section 7. The C1 controls are escaped too: some terminals obey them.
    private mutating func quote(_ string: String) {
      text += "\""
      for scalar in string.unicodeScalars {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case let scalar where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
          let digits = String(scalar.value, radix: 16)
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: text.unicodeScalars.append(scalar)
        }
      }
      text += "\""
    }
  }
}
