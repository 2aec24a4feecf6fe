public import KubernetesObjects

/// What happened to a subscriber's objects since its last update: always the newest state, however long it did not ask.
public struct ObjectUpdate<Object: KubernetesObject>: Sendable, Hashable {
  /// Objects that are new or have changed; in the initial update every object there is.
  public var changed: [Object]
  /// The last known state of objects that are gone, or that the filter no longer selects. To be applied before
  /// `changed`: an object deleted and created again is in both, with two uids.
  public var deleted: [Object]
  /// Whether this is the complete state that every subscription begins with.
  public var isInitial: Bool
  /// Whether the state is being kept up to date.
  public var reachability: Reachability

  public init(
    changed: [Object] = [], deleted: [Object] = [], isInitial: Bool = false, reachability: Reachability = .reachable
  ) {
    self.changed = changed
    self.deleted = deleted
    self.isInitial = isInitial
    self.reachability = reachability
  }
}
