internal import Locking
internal import RollbackService
internal import TTRPCCore

/// The names of the users who call. Each is looked up once, off the loops, because a name service may take its time.
final class UserNames: Sendable {
  private let names = Locked<[UInt32: String?]>([:])

  /// The caller behind a connection.
  func caller(_ peer: PeerIdentity) async -> Caller {
    Caller(
      processID: peer.processID, userID: peer.userID, groupID: peer.groupID, supplementaryGroupIDs: peer.groups,
      userName: await name(of: peer.userID))
  }

  private func name(of userID: UInt32) async -> String? {
    if let known = known(userID) { return known }
    let name = await withTaskExecutorPreference(globalConcurrentExecutor) { await Self.lookUp(userID) }
    names.withLock { $0[userID] = .some(name) }
    return name
  }

  /// What was found out before; for places that cannot wait.
  func known(_ userID: UInt32) -> String?? {
    names.withLock { $0[userID] }
  }

  @concurrent private static func lookUp(_ userID: UInt32) async -> String? {
    Accounts.userName(userID)
  }
}
