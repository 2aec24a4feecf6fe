internal import RollbackMessages

/// Which methods a call may be allowed to reach.
public enum MethodClass: String, Sendable, CaseIterable {
  /// List, plan, watch, query the audit trail, health.
  case read
  /// Roll back, deploy, cancel.
  case write
  /// Register apps, record migrations.
  case admin
}

/// Who may do what, by the peer's user and groups. Pure.
public struct AuthorizationPolicy: Hashable, Sendable {
  /// Users who may do everything.
  public var administrators: Set<UInt32>
  /// Groups whose members may read and write.
  public var operatorGroups: Set<UInt32>
  /// Users who may name the actor on whose behalf they call.
  public var trustedUsers: Set<UInt32>
  /// The platform's subject of a local user.
  public var actors: [UInt32: String]

  public init(
    administrators: Set<UInt32>, operatorGroups: Set<UInt32> = [], trustedUsers: Set<UInt32> = [],
    actors: [UInt32: String] = [:]
  ) {
    self.administrators = administrators
    self.operatorGroups = operatorGroups
    self.trustedUsers = trustedUsers
    self.actors = actors
  }

  /// Whether the caller may call methods of that class.
  public func permits(_ caller: Caller, _ method: MethodClass) -> Bool {
    if administrators.contains(caller.userID) { return true }
    switch method {
    case .admin: return false
    case .read, .write:
      // Who may speak for others must be able to speak.
      return trustedUsers.contains(caller.userID) || operatorGroups.contains(caller.groupID)
        || caller.supplementaryGroupIDs.contains { operatorGroups.contains($0) }
    }
  }

  /// The subject to record for a call: the one named by a peer that is trusted to, else the one that the peer's own
  /// user stands for; nil when there is neither.
  ///
  /// - Throws: `not_permitted` when a peer names somebody without being trusted to; `unauthenticated` for a token,
  ///   which this daemon has no keys to verify; `invalid_argument` for a name that is too long or holds control
  ///   characters.
  public func actor(of caller: Caller, token: String, onBehalfOf: String) throws(ServiceError) -> String? {
    guard token.isEmpty else {
      throw ServiceError(
        .unauthenticated, "the call carries a token, but this daemon is not set up to verify tokens; call without one")
    }
    guard !onBehalfOf.isEmpty else { return actors[caller.userID] }
    guard trustedUsers.contains(caller.userID) else {
      throw ServiceError(
        .notPermitted,
        "\(caller.description) may not act on behalf of others; --trusted-users of rollbackd says who may")
    }
    try RequestCheck.text(onBehalfOf, "on_behalf_of", limit: 256)
    return onBehalfOf
  }
}
