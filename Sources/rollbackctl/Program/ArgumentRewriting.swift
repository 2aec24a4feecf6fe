/// What is done to the command line before it is parsed.
enum ArgumentRewriting {
  /// `-2`, which means a deploy, looks like an option to the parser: it goes in as `−2` with the minus sign U+2212.
  /// ``DeployWord`` takes that back.
  static func rewritten(_ arguments: [String]) -> [String] {
    var isBehindTerminator = false
    return arguments.map { argument in
      if argument == "--" { isBehindTerminator = true }
      guard !isBehindTerminator, argument.count > 1, argument.hasPrefix("-"),
        argument.utf8.dropFirst().allSatisfy({ (0x30...0x39).contains($0) })
      else { return argument }
      return "\u{2212}" + argument.dropFirst()
    }
  }

  /// As they were typed.
  static func original(_ rewritten: [String]) -> [String] {
    rewritten.map { $0.hasPrefix("\u{2212}") ? "-" + $0.dropFirst() : $0 }
  }

  /// The format that a command line asks for which may not parse otherwise; nil where it asks for none that there is.
  static func format(in arguments: [String]) -> OutputFormat? {
    var format: OutputFormat?
    for (index, argument) in arguments.enumerated() {
      if argument == "--" { break }
      if argument == "--output" || argument == "-o", index + 1 < arguments.count {
        format = OutputFormat(rawValue: arguments[index + 1]) ?? format
      } else if let prefix = ["--output=", "-o="].first(where: argument.hasPrefix) {
        format = OutputFormat(rawValue: String(argument.dropFirst(prefix.count))) ?? format
      }
    }
    return format
  }
}
