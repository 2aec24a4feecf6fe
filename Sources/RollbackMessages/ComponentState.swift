/// How something that the daemon depends on is.
public struct ComponentState: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let unspecified = ComponentState(rawValue: 0)
  public static let ok = ComponentState(rawValue: 1)
  /// It works in part, or is being tried again.
  public static let degraded = ComponentState(rawValue: 2)
  public static let down = ComponentState(rawValue: 3)
  public static let notConfigured = ComponentState(rawValue: 4)
}
