/// How long trouble must last before it is called hopeless.
public struct DiagnosisSettings: Hashable, Sendable {
  /// Pull errors that may pass, and "not found" that no registry has confirmed. Default 30 s.
  public var pullPersistence: Duration
  /// A container that cannot be configured, for instance because a Secret is missing. Default 10 s.
  public var configurationPersistence: Duration
  /// A container that cannot be created, where the kubelet does not count its attempts. Default 30 s.
  public var startPersistence: Duration

  public init(
    pullPersistence: Duration = .seconds(30), configurationPersistence: Duration = .seconds(10),
    startPersistence: Duration = .seconds(30)
  ) {
    self.pullPersistence = pullPersistence
    self.configurationPersistence = configurationPersistence
    self.startPersistence = startPersistence
  }
}
