internal import TTRPCCore

/// Who has connections, and whether another one is served, refused or dropped. Pure.
struct ConnectionPlaces {
  enum Admission: Equatable {
    case serve
    /// Tell it this, for which it has a place of its own kind.
    case refuse(RPCStatus)
    /// Close it without a word: as many as may be are being refused already.
    case drop
  }

  private let limits: TransportLimits
  private let unlimitedUsers: Set<UInt32>
  private var served = 0
  private var refused = 0
  private var servedByUser: [UInt32: Int] = [:]

  /// - Parameter unlimitedUsers: those whom ``TransportLimits/maximumConnectionsPerUser`` does not concern.
  init(_ limits: TransportLimits, unlimitedUsers: Set<UInt32>) {
    self.limits = limits
    self.unlimitedUsers = unlimitedUsers
  }

  /// Whether there is any use in taking another connection.
  var hasRoom: Bool { served < limits.maximumConnections || refused < limits.maximumRefusedConnections }

  /// A peer has connected. Its place is kept until ``giveBack(userID:wasRefused:)``, unless it is to be dropped.
  ///
  /// - Parameter refusal: why it may not call at all, where it may not.
  mutating func take(userID: UInt32, refusal: RPCStatus?) -> Admission {
    guard let refusal = refusal ?? shortage(for: userID) else {
      served += 1
      servedByUser[userID, default: 0] += 1
      return .serve
    }
    guard refused < limits.maximumRefusedConnections else { return .drop }
    refused += 1
    return .refuse(refusal)
  }

  mutating func giveBack(userID: UInt32, wasRefused: Bool) {
    if wasRefused {
      refused -= 1
      return
    }
    served -= 1
    let rest = servedByUser[userID, default: 1] - 1
    servedByUser[userID] = rest > 0 ? rest : nil
  }

  private func shortage(for userID: UInt32) -> RPCStatus? {
    if served >= limits.maximumConnections {
      return RPCStatus(.resourceExhausted, "the server has \(served) connections, and takes no more")
    }
    let own = servedByUser[userID] ?? 0
    guard own >= limits.maximumConnectionsPerUser, !unlimitedUsers.contains(userID) else { return nil }
    return RPCStatus(.resourceExhausted, "user \(userID) has \(own) connections, and may have no more")
  }
}
