internal import Glibc

/// Users and groups of this machine (getpwnam_r(3), getgrnam_r(3)). These may ask a name service: only at the start, or
/// off the loops.
package enum Accounts {
  /// A user's number, from its name or from digits.
  package static func userID(_ text: String) -> UInt32? {
    if let number = UInt32(text) { return number }
    var entry = passwd()
    return withBuffer { buffer, size in
      var found: UnsafeMutablePointer<passwd>?
      return getpwnam_r(text, &entry, buffer, size, &found) == 0 && found != nil ? entry.pw_uid : nil
    }
  }

  /// A group's number, from its name or from digits.
  package static func groupID(_ text: String) -> UInt32? {
    if let number = UInt32(text) { return number }
    var entry = group()
    return withBuffer { buffer, size in
      var found: UnsafeMutablePointer<group>?
      return getgrnam_r(text, &entry, buffer, size, &found) == 0 && found != nil ? entry.gr_gid : nil
    }
  }

  /// A user's name; nil for a number that nobody has.
  package static func userName(_ id: UInt32) -> String? {
    var entry = passwd()
    return withBuffer { buffer, size in
      var found: UnsafeMutablePointer<passwd>?
      guard getpwuid_r(id, &entry, buffer, size, &found) == 0, found != nil, let name = entry.pw_name else {
        return nil
      }
      return String(validatingCString: name)
    }
  }

  /// gethostname(2).
  package static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static func withBuffer<Result>(_ body: (UnsafeMutablePointer<CChar>, Int) -> Result?) -> Result? {
    var buffer = [CChar](repeating: 0, count: 16384)
    return buffer.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return nil }
      return body(base, buffer.count)
    }
  }
}
