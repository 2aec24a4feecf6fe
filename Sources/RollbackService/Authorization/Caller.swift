/// Who calls: the peer of the connection, as the kernel verified it.
public struct Caller: Hashable, Sendable {
  public let processID: Int32
  public let userID: UInt32
  public let groupID: UInt32
  public let supplementaryGroupIDs: [UInt32]
  /// The user's name on this machine, where it has one.
  public let userName: String?

  public init(
    processID: Int32, userID: UInt32, groupID: UInt32, supplementaryGroupIDs: [UInt32] = [], userName: String? = nil
  ) {
    self.processID = processID
    self.userID = userID
    self.groupID = groupID
    self.supplementaryGroupIDs = supplementaryGroupIDs
    self.userName = userName
  }

  /// `ops (uid 1000)`.
  public var description: String {
    userName.map { "\($0) (uid \(userID))" } ?? "uid \(userID)"
  }
}
