internal import Glibc
package import Logging
package import Postgres
internal import ConnectionPool
package import RegistryClient
package import RollbackService

/// Everything that `rollbackd serve` can be told, validated before anything starts.
package struct DaemonConfiguration: Sendable {
  package var socketPath: String
  package var socketMode: UInt32
  package var socketGroupID: UInt32?
  package var database: DatabaseSettings
  package var kubeconfigPath: String?
  package var kubeContext: String?
  /// Nil: no registry is asked.
  package var registry: RegistryClientConfiguration?
  package var hostName: String
  package var leaseDuration: Duration
  package var rolloutTimeout: Duration
  package var soak: Duration
  package var pullPatience: Duration
  package var startGrace: Duration
  package var drainTimeout: Duration
  package var authorization: AuthorizationPolicy
  package var maximumConnections: Int
  package var logLevel: Logger.Level
  package var logFormat: LogFormat

  /// The database and how many connections to it.
  package struct DatabaseSettings: Sendable {
    /// For libpq; empty: its own variables decide.
    package var connectionString: String
    package var minimumConnections: Int
    package var maximumConnections: Int
    package var acquireTimeout: Duration

    /// As the client takes them.
    var client: PostgresConfiguration {
      var configuration = PostgresConfiguration(conninfo: connectionString)
      configuration.pool.minimumConnections = minimumConnections
      configuration.pool.maximumConnections = maximumConnections
      configuration.pool.acquireTimeout = acquireTimeout
      return configuration
    }
  }

  /// The database's client as a serving daemon wants it.
  package var postgres: PostgresConfiguration {
    var client = database.client
    // A daemon that freezes within the outcome's transaction holds the lease's row and the audit chain's lock: the
    // server takes them from it before the lease has run out, so that another host can go on.
    client.idleInTransactionTimeout = leaseDuration / 3
    // PostgreSQL's return is noticed within two seconds, however long it was away.
    client.pool.maximumBackoff = .milliseconds(1500)
    return client
  }

  /// The connections apart from those, which calls cannot take up: one listens for what other daemons do, one for new
  /// audit rows while somebody follows them, and the others renew leases.
  package var reservedPostgres: PostgresConfiguration {
    var client = postgres
    client.pool.minimumConnections = min(2, database.minimumConnections)
    client.pool.maximumConnections = 4
    return client
  }

  /// - Throws: ``ConfigurationError`` with a sentence that names the option and where it was set.
  package init(_ values: SettingValues) throws(ConfigurationError) {
    socketPath = values.text(.socket)
    guard (1...107).contains(socketPath.utf8.count) else {
      throw values.wrong(.socket, "a Unix socket's path has 1 to 107 bytes")
    }
    guard let mode = UInt32(values.text(.socketMode), radix: 8), mode <= 0o777 else {
      throw values.wrong(.socketMode, "expected permissions such as 0660")
    }
    socketMode = mode
    let group = values.text(.socketGroup)
    socketGroupID = group.isEmpty ? nil : Accounts.groupID(group)
    if !group.isEmpty, socketGroupID == nil { throw values.wrong(.socketGroup, "there is no such group") }
    database = try Self.database(values)
    kubeconfigPath = values.text(.kubeconfig).isEmpty ? nil : values.text(.kubeconfig)
    kubeContext = values.text(.kubeContext).isEmpty ? nil : values.text(.kubeContext)
    registry = try RegistrySettings.read(values)
    hostName = values.text(.hostName).isEmpty ? Accounts.hostName() : values.text(.hostName)
    leaseDuration = try values.duration(.leaseDuration, atLeast: .seconds(2))
    rolloutTimeout = try values.duration(.rolloutTimeout, atLeast: .seconds(1))
    soak = try values.duration(.soak)
    pullPatience = try values.duration(.pullPatience)
    startGrace = try values.duration(.startGrace)
    drainTimeout = try values.duration(.drainTimeout)
    authorization = try Self.authorization(values)
    maximumConnections = try values.number(.maximumConnections, in: 1...100_000)
    guard let level = Logger.Level(rawValue: values.text(.logLevel)) else {
      throw values.wrong(.logLevel, "expected trace, debug, info, notice, warning, error or critical")
    }
    logLevel = level
    guard let format = LogFormat(rawValue: values.text(.logFormat)) else {
      throw values.wrong(.logFormat, "expected text or json")
    }
    logFormat = format
  }

  /// What `rollbackd migrate` needs too.
  package static func database(_ values: SettingValues) throws(ConfigurationError) -> DatabaseSettings {
    let bounds = values.text(.databaseConnections).split(separator: "-").compactMap { Int($0) }
    guard bounds.count == 2, bounds[0] >= 0, bounds[1] >= 4, bounds[0] <= bounds[1], bounds[1] <= 1000 else {
      throw values.wrong(.databaseConnections, "expected MIN-MAX, such as 1-8, with a maximum of 4 to 1000")
    }
    if values.isOnCommandLine(.databaseURL), ConnectionString.holdsSecret(values.text(.databaseURL)) {
      throw values.wrongSecret(
        .databaseURL,
        "the command line is no place for a secret; name a file instead (passfile=FILE), or set the whole by "
          + "\(Setting.databaseURL.environmentName) or a systemd credential")
    }
    return DatabaseSettings(
      connectionString: values.text(.databaseURL), minimumConnections: bounds[0], maximumConnections: bounds[1],
      acquireTimeout: try values.duration(.databaseAcquireTimeout, atLeast: .milliseconds(1)))
  }

  private static func authorization(_ values: SettingValues) throws(ConfigurationError) -> AuthorizationPolicy {
    var policy = AuthorizationPolicy(administrators: [geteuid()])
    for user in values.list(.adminUsers) {
      guard let id = Accounts.userID(user) else { throw values.wrong(.adminUsers, "there is no user \(user)") }
      policy.administrators.insert(id)
    }
    for group in values.list(.operatorGroups) {
      // The default group need not exist on a machine where everything is tried out.
      if let id = Accounts.groupID(group) {
        policy.operatorGroups.insert(id)
      } else if values.text(.operatorGroups) != Setting.operatorGroups.defaultValue {
        throw values.wrong(.operatorGroups, "there is no group \(group)")
      }
    }
    for user in values.list(.trustedUsers) {
      guard let id = Accounts.userID(user) else { throw values.wrong(.trustedUsers, "there is no user \(user)") }
      policy.trustedUsers.insert(id)
    }
    for pair in values.list(.actorMap) {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let id = Accounts.userID(String(parts[0])) else {
        throw values.wrong(.actorMap, "expected USER=ID pairs of existing users; \"\(pair)\" is none")
      }
      policy.actors[id] = String(parts[1])
    }
    return policy
  }
}
