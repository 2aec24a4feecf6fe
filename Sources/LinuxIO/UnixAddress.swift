/// A name in the file system, or an abstract one (unix(7)) written with a leading `@`, for a Unix domain socket.
public struct UnixAddress: Hashable, Sendable, CustomStringConvertible {
  /// As a person writes it: `/run/rollbackd/rollbackd.sock`, `@name`.
  public let path: String

  /// - Parameter path: at most 107 bytes; longer ones are refused when they are used.
  public init(path: String) {
    self.path = path
  }

  public var isAbstract: Bool { path.utf8.first == UInt8(ascii: "@") }
  public var description: String { path }

  func withBytes<Result>(_ body: (UnsafePointer<CChar>, Int) -> Result) -> Result {
    var bytes = path.utf8.map(CChar.init(bitPattern:))
    if isAbstract { bytes[0] = 0 }
    return bytes.withUnsafeBufferPointer { buffer in
      var empty = CChar(0)
      guard let base = buffer.baseAddress else { return body(&empty, 0) }
      return body(base, buffer.count)
    }
  }
}
