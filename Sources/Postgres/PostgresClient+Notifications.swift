internal import ConnectionPool

extension PostgresClient {
  /// Listens on a channel for as long as `body` runs, on a connection of its own.
  ///
  /// A notification is a hint to read again: what is sent while nobody listens is lost, a consumer that is slow gets the
  /// newest 256, and the sequence ends when the connection does. It begins when the server has confirmed; what was
  /// committed before has to be read from the tables. Not for a connection through a pooler that changes sessions.
  public func withNotifications<Value>(
    on channel: String, _ body: (AsyncStream<PostgresNotification>) async throws -> Value
  ) async throws -> Value {
    try await withConnection { session in
      let (notifications, continuation) = AsyncStream.makeStream(
        of: PostgresNotification.self, bufferingPolicy: .bufferingNewest(256))
      session.onLoop { connection in
        connection.whenNotified = { continuation.yield($0) }
        let whenLost = connection.whenLost
        connection.whenLost = {
          continuation.finish()
          whenLost?($0)
        }
      }
      // A connection that has listened is not for others: what still comes would reach nobody.
      defer { session.onLoop { $0.discard() } }
      // An identifier cannot be a parameter: quoted as PQescapeIdentifier does.
      try await session.query(
        "LISTEN \"\(channel.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\"")
      return try await body(notifications)
    }
  }
}
