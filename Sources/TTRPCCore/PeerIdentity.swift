/// Who is at the other end of a connection, as the kernel vouches for it.
///
/// Taken once, when the connection is accepted (unix(7), SO_PEERCRED): the effective ids at the time of connect(2).
public struct PeerIdentity: Hashable, Sendable {
  /// Pids are reused: for logs, never to authorize by.
  public var processID: Int32
  public var userID: UInt32
  public var groupID: UInt32
  /// Supplementary groups, where the kernel tells.
  public var groups: [UInt32]

  public init(processID: Int32, userID: UInt32, groupID: UInt32, groups: [UInt32] = []) {
    self.processID = processID
    self.userID = userID
    self.groupID = groupID
    self.groups = groups
  }
}
