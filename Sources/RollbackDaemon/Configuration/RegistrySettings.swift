internal import Glibc
internal import HTTPClient
internal import LinuxIO
internal import RegistryClient

/// Reads the settings that are about registries, and the files they name.
enum RegistrySettings {
  /// Nil when no registry is configured.
  /// - Throws: ``ConfigurationError`` naming the option; never quotes a secret.
  static func read(_ values: SettingValues) throws(ConfigurationError) -> RegistryClientConfiguration? {
    let map: RegistryMap
    do throws(RegistryMapError) {
      map = try RegistryMap(parsing: values.list(.registryMap))
    } catch {
      // The error names the pair and leaves out a login that somebody put into it; the whole value would show it.
      throw values.text(.registryMap).contains("@")
        ? values.wrongSecret(.registryMap, error.description) : values.wrong(.registryMap, error.description)
    }
    // Read even where no registry is mapped: a wrong value is said at once.
    let credentials = try credentials(values)
    let trust = try trust(values)
    let timeout = try values.duration(.registryTimeout, atLeast: .milliseconds(100))
    guard timeout <= .seconds(60) else { throw values.wrong(.registryTimeout, "must be at most 60s") }
    for registry in map.registries where registry.scheme == .http && credentials[registry] != nil {
      guard isLoopback(registry.host) else {
        throw values.wrong(
          .registryMap, "\(registry.authority) has credentials, which would travel in the clear; use https")
      }
    }
    guard !map.entries.isEmpty else { return nil }
    return RegistryClientConfiguration(
      map: map, credentials: credentials, trust: trust, timeout: timeout, userAgent: "rollbackd/\(Program.version)")
  }

  private static func credentials(_ values: SettingValues) throws(ConfigurationError) -> RegistryCredentials {
    let text = values.text(.registryAuth)
    guard !text.isEmpty else { return RegistryCredentials() }
    let isContents = text.first { !$0.isWhitespace } == "{"
    if isContents, values.isOnCommandLine(.registryAuth) {
      throw values.wrongSecret(.registryAuth, "the command line is no place for a secret; name a file instead")
    }
    let bytes = isContents ? Array(text.utf8) : try file(.registryAuth, values)
    do throws(RegistryCredentialsError) {
      return try RegistryCredentials(dockerConfiguration: bytes)
    } catch {
      throw isContents
        ? values.wrongSecret(.registryAuth, error.description) : values.wrong(.registryAuth, error.description)
    }
  }

  private static func trust(_ values: SettingValues) throws(ConfigurationError) -> TLSConfiguration.Trust {
    guard !values.text(.registryCA).isEmpty else { return .system }
    let pem = try file(.registryCA, values)
    guard String(decoding: pem, as: UTF8.self).contains("-----BEGIN CERTIFICATE-----") else {
      throw values.wrong(.registryCA, "holds no certificate in PEM form")
    }
    return .authorities(pem: pem)
  }

  private static func file(_ setting: Setting, _ values: SettingValues) throws(ConfigurationError) -> [UInt8] {
    let descriptor = open(values.text(setting), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw values.wrong(setting, String(cString: strerror(errno))) }
    let file = FileDescriptor(adopting: descriptor)
    // More than any bundle of authorities has.
    var bytes = [UInt8](repeating: 0, count: 4 << 20)
    var length = 0
    while length < bytes.count {
      let count = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(file.rawValue, buffer.baseAddress?.advanced(by: length), buffer.count - length)
      }
      guard count >= 0 else { throw values.wrong(setting, String(cString: strerror(errno))) }
      if count == 0 { return Array(bytes.prefix(length)) }
      length += count
    }
    throw values.wrong(setting, "is larger than 4 MiB")
  }

  private static func isLoopback(_ host: String) -> Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}
