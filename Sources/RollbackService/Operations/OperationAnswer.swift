internal import KubernetesObjects
internal import RollbackMessages
internal import RolloutCore

/// What a request of an operation came to, with all that is needed to go on.
enum OperationAnswer: Sendable {
  /// An answer that is nothing but an event, or a wish.
  case event(OperationEvent)
  /// Somebody wants the operation to end.
  case cancelled(Cancellation)
  /// The Deployment was read; nil when it is not there.
  case read(DeploymentReading, Deployment?)
  /// The patch was answered.
  case patched(PatchReceipt, Deployment)
  /// What the registry says about an image that a node did not find.
  case registryAnswered(image: String, RegistryOpinion)
  /// The evidence for a failure is gathered.
  case evidence(Diagnosis)
  /// The outcome is written, and this is the last frame.
  case written(RolloutFinished)
  /// The outcome could not be written now.
  case unwritten
}
