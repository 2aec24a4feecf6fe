/// The number that ties a call's frames together on one connection.
///
/// Clients take odd numbers in ascending order, starting at 1; even ones are reserved and never valid.
public struct StreamID: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let rawValue: UInt32

  public init(_ rawValue: UInt32) { self.rawValue = rawValue }

  /// Whether a client may have chosen it.
  public var isOdd: Bool { rawValue & 1 == 1 }

  public var description: String { String(rawValue) }

  public static func < (left: StreamID, right: StreamID) -> Bool { left.rawValue < right.rawValue }
}
