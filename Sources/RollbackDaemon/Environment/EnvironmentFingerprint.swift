internal import RolloutCore

/// Makes the fingerprints that are kept of a container's environment.
///
/// Environment variables may hold passwords, and many values are easy to guess, so a plain hash would give them away.
/// A fingerprint is therefore
/// - keyed with a secret of the database (HMAC-SHA256, RFC 2104), so that one who sees fingerprints but not the key,
///   such as a reader of `paas_deployments` alone, can try nothing out;
/// - bound to the app and the entry's name, so that it does not show where else a value is used;
/// - the same for each deploy, and cut to 16 bits, so that even with the key, as in a stolen dump, all rows together
///   tell 16 bits about a value: a guess of a strong password is not confirmed by it. The price: one change in 65,536
///   goes unnoticed, which for a warning is little.
struct EnvironmentFingerprint {
  let key: [UInt8]

  /// - Parameter app: its UUID.
  func record(of environment: ContainerEnvironment, app: String) -> EnvironmentRecord {
    let prints = environment.entries.map { name, content in
      // Each part ends in a byte that UTF-8 never has, so that no two lists of parts look the same.
      let message: [UInt8] = [app, name, content].flatMap { (part: String) -> [UInt8] in Array(part.utf8) + [0xFF] }
      let code = SHA256.authenticationCode(of: message, key: key)
      return (name, Self.hexadecimal(code.prefix(2)))
    }
    return EnvironmentRecord(fingerprints: Dictionary(prints) { first, _ in first })
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension SHA256 {
  /// HMAC-SHA256 (RFC 2104).
  static func authenticationCode(of message: [UInt8], key: [UInt8]) -> [UInt8] {
    let blockSize = 64
    var block = key.count > blockSize ? digest(of: key) : key
    block += [UInt8](repeating: 0, count: blockSize - block.count)
    let inner = digest(of: block.map { $0 ^ 0x36 } + message)
    return digest(of: block.map { $0 ^ 0x5C } + inner)
  }
}
