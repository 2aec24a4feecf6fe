public import RollbackMessages
public import struct RolloutCore.ContainerEnvironment
public import struct RolloutCore.EnvironmentRecord

/// What the service needs of the place where the environments of earlier deploys are known: by names and fingerprints,
/// never by values.
public protocol EnvironmentStore: Sendable {
  /// What is to be kept of an environment of an app. Equal contents give equal fingerprints, for ever, whichever host
  /// asks; without what the store keeps secret a content cannot be tried out against one.
  /// - Throws: ``ServiceError`` `unavailable` when the store cannot be reached; anything else when it has no key, or
  ///   does not show it to us.
  func fingerprint(_ environment: ContainerEnvironment, of app: App) async throws -> EnvironmentRecord
  /// The environment that a deploy was begun with; nil when none was recorded.
  /// - Throws: ``ServiceError`` `unavailable` when the store cannot be reached.
  func environment(of deployID: String) async throws -> EnvironmentRecord?
}
