/// One node of a YAML document, as far as a kubeconfig needs YAML: scalars are text, keys are scalars.
struct YAMLNode: Sendable, Hashable {
  indirect enum Content: Sendable, Hashable {
    /// `isPlain` tells `true` from `"true"`: only a plain scalar can be something else than text.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([Pair])
  }

  struct Pair: Sendable, Hashable {
    var key: String
    var value: YAMLNode
  }

  var content: Content
  /// Where it begins, counted from 1.
  var line: Int

  init(_ content: Content, line: Int) {
    self.content = content
    self.line = line
  }

  /// The empty plain scalar and its other spellings (YAML 1.1, type null).
  var isNull: Bool {
    if case .scalar(let text, isPlain: true) = content {
      ["", "~", "null", "Null", "NULL"].contains(text)
    } else {
      false
    }
  }

  /// The value of a key; of the last one where a key stands twice, as the YAML reader of kubectl has it.
  subscript(key: String) -> YAMLNode? {
    guard case .mapping(let pairs) = content else { return nil }
    return pairs.last { $0.key == key }?.value
  }

  /// A truth value in any of YAML 1.1's spellings, which kubectl's reader accepts too; nil for anything else.
  var boolean: Bool? {
    guard case .scalar(let text, isPlain: true) = content else { return nil }
    return switch text {
    case "true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON": true
    case "false", "False", "FALSE", "no", "No", "NO", "n", "N", "off", "Off", "OFF": false
    default: nil
    }
  }
}
