internal import CLinux

/// Who is at the other end of a Unix socket, verified by the kernel when it connected (unix(7), `SO_PEERCRED`).
public struct PeerCredentials: Hashable, Sendable {
  /// Of the process that connected; it may have ended since and the number may be another's. Never authorize by it.
  public let processID: Int32
  /// The effective user.
  public let userID: UInt32
  /// The effective group.
  public let groupID: UInt32
  /// The supplementary groups (socket(7), `SO_PEERGROUPS`).
  public let supplementaryGroupIDs: [UInt32]

  public init(processID: Int32, userID: UInt32, groupID: UInt32, supplementaryGroupIDs: [UInt32] = []) {
    self.processID = processID
    self.userID = userID
    self.groupID = groupID
    self.supplementaryGroupIDs = supplementaryGroupIDs
  }

  init(ofPeerOn descriptor: Int32) throws(SystemError) {
    var processID: pid_t = 0
    var userID: uid_t = 0
    var groupID: gid_t = 0
    guard clinux_peer_credentials(descriptor, &processID, &userID, &groupID) == 0 else {
      throw .last("getsockopt SO_PEERCRED")
    }
    var groups = [gid_t](repeating: 0, count: 64)
    var count = Int32(groups.count)
    if clinux_peer_groups(descriptor, &groups, &count) != 0 {
      // ERANGE tells how many there are; another failure means a kernel before 4.13, which tells none.
      let total = Int(count)
      groups = [gid_t](repeating: 0, count: total)
      if total <= 64 || clinux_peer_groups(descriptor, &groups, &count) != 0 { count = 0 }
    }
    self.init(
      processID: processID, userID: userID, groupID: groupID,
      supplementaryGroupIDs: Array(groups.prefix(Int(count))))
  }
}
