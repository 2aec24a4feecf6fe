/// When a request is given up.
public struct HTTPTimeouts: Sendable, Hashable {
  /// For name resolution, TCP and TLS together.
  public var connect: Duration
  /// For everything, from start to last byte; nil for a stream that has no end of its own.
  public var total: Duration?
  /// How long no byte may arrive; nil for ever. libcurl counts whole seconds and looks at the average speed of the last
  /// five, so it acts up to six seconds later.
  public var idle: Duration?

  public init(connect: Duration = .seconds(10), total: Duration? = .seconds(30), idle: Duration? = nil) {
    self.connect = connect
    self.total = total
    self.idle = idle
  }

  /// 10 s to connect, 30 s in all.
  public static let unary = HTTPTimeouts()

  /// 10 s to connect, no end, 150 s without a byte. The API server sends a bookmark about every 60 s, so a living
  /// watch never comes near that.
  public static let watch = HTTPTimeouts(total: nil, idle: .seconds(150))
}
