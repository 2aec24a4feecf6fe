internal import CLinux

/// What a watch waits for.
public struct Interest: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let readable = Interest(rawValue: 1)
  public static let writable = Interest(rawValue: 2)

  var epollEvents: UInt32 {
    var events: UInt32 = 0
    if contains(.readable) { events |= UInt32(EPOLLIN.rawValue) | UInt32(EPOLLRDHUP.rawValue) }
    if contains(.writable) { events |= UInt32(EPOLLOUT.rawValue) }
    return events
  }
}

/// What epoll reported of a descriptor (epoll_ctl(2)).
public struct Readiness: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let readable = Readiness(rawValue: 1)
  public static let writable = Readiness(rawValue: 2)
  /// The peer closed, or closed its sending half. There may still be bytes to read.
  public static let hangup = Readiness(rawValue: 4)
  /// `SO_ERROR` holds the cause; the next read or write returns it.
  public static let error = Readiness(rawValue: 8)

  init(epollEvents events: UInt32) {
    var value: Readiness = []
    if events & UInt32(EPOLLIN.rawValue) != 0 { value.insert(.readable) }
    if events & UInt32(EPOLLOUT.rawValue) != 0 { value.insert(.writable) }
    if events & (UInt32(EPOLLHUP.rawValue) | UInt32(EPOLLRDHUP.rawValue)) != 0 { value.insert(.hangup) }
    if events & UInt32(EPOLLERR.rawValue) != 0 { value.insert(.error) }
    self = value
  }
}
