/// What `rollbackd` was asked to do by its command line.
package enum Invocation: Hashable, Sendable {
  case serve(arguments: [String])
  case migrate(arguments: [String])
  case help
  case version

  /// - Parameter arguments: without the program's name.
  /// - Throws: ``ConfigurationError`` for an unknown verb.
  package init(arguments: [String]) throws(ConfigurationError) {
    if arguments.contains("--help") || arguments.contains("-h") {
      self = .help
    } else if arguments.contains("--version") {
      self = .version
    } else if let verb = arguments.first, !verb.hasPrefix("-") {
      let rest = Array(arguments.dropFirst())
      switch verb {
      case "serve": self = .serve(arguments: rest)
      case "migrate": self = .migrate(arguments: rest)
      default: throw ConfigurationError("unknown verb \"\(verb)\"; see rollbackd --help")
      }
    } else {
      self = .serve(arguments: arguments)
    }
  }
}
