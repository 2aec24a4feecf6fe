/// The values that were set, from the strongest source to the weakest: command line, systemd credentials, environment,
/// environment file, default.
package struct SettingValues: Sendable {
  private var byName: [String: (value: String, origin: String)] = [:]

  /// Merges the sources.
  ///
  /// - Parameters:
  ///   - arguments: behind the program's and the verb's name: `--socket PATH` or `--socket=PATH`.
  ///   - environment: the process's, into which the caller has merged the environment file.
  ///   - credentials: files of systemd's `LoadCredential=` by name, for secrets; a credential named like a setting
  ///     sets it, more strongly than the environment.
  /// - Throws: ``ConfigurationError`` for an unknown option, a missing value or a stray word.
  package init(
    arguments: [String], environment: [String: String], credentials: [String: String] = [:]
  ) throws(ConfigurationError) {
    let known = Dictionary(uniqueKeysWithValues: Setting.all.map { ($0.name, $0) })
    for setting in Setting.all {
      if let value = credentials[setting.name] {
        byName[setting.name] = (value, "credential \(setting.name)")
      } else if let value = environment[setting.environmentName] {
        byName[setting.name] = (value, setting.environmentName)
      }
    }
    var rest = arguments[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--") else {
        throw ConfigurationError("unexpected argument \"\(word)\"; see rollbackd --help")
      }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts.first ?? "")
      guard known[name] != nil else { throw ConfigurationError("unknown option --\(name); see rollbackd --help") }
      if parts.count == 2 {
        byName[name] = (String(parts[1]), "--\(name)")
      } else if let value = rest.popFirst() {
        byName[name] = (value, "--\(name)")
      } else {
        throw ConfigurationError("--\(name) needs a value")
      }
    }
  }

  package func text(_ setting: Setting) -> String {
    byName[setting.name]?.value ?? setting.defaultValue
  }

  package func list(_ setting: Setting) -> [String] {
    text(setting).split(separator: ",").map(String.init).filter { !$0.isEmpty }
  }

  /// A whole number within the range.
  package func number(_ setting: Setting, in range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
    guard let value = Int(text(setting)), range.contains(value) else {
      throw wrong(setting, "expected a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A span of time with a unit: `500ms`, `15s`, `10m`, `1h`.
  package func duration(_ setting: Setting, atLeast least: Duration = .zero) throws(ConfigurationError) -> Duration {
    guard let value = Duration(setting: text(setting)) else {
      throw wrong(setting, "expected a time such as 500ms, 15s, 10m or 1h")
    }
    guard value >= least else { throw wrong(setting, "must be at least \(least)") }
    return value
  }

  /// Whether the value came with the command line, which every user of the machine may read.
  package func isOnCommandLine(_ setting: Setting) -> Bool {
    byName[setting.name]?.origin.hasPrefix("--") ?? false
  }

  /// For a value that must not be shown.
  package func wrongSecret(_ setting: Setting, _ problem: String) -> ConfigurationError {
    ConfigurationError("\(byName[setting.name]?.origin ?? "--\(setting.name)"): \(problem)")
  }

  package func wrong(_ setting: Setting, _ problem: String) -> ConfigurationError {
    let origin = byName[setting.name]?.origin ?? "default of --\(setting.name)"
    return ConfigurationError("\(origin): \"\(text(setting))\": \(problem)")
  }
}

extension Duration {
  /// Parses `500ms`, `15s`, `10m`, `1h`; nil for anything else, and for more than a year.
  init?(setting text: String) {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(digits), count <= 31_536_000_000 else { return nil }
    let value: Duration
    switch text.dropFirst(digits.count) {
    case "ms": value = .milliseconds(count)
    case "s": value = .seconds(count)
    case "m": value = .seconds(count * 60)
    case "h": value = .seconds(count * 3600)
    default: return nil
    }
    guard value <= .seconds(31_536_000) else { return nil }
    self = value
  }
}
