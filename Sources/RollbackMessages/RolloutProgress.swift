public import CRollbackProto
public import ProtobufC

/// How far a rollout is.
public struct RolloutProgress: Hashable, Sendable {
  public var phase: RolloutPhase
  public var replicas: Replicas?
  public var pods: [PodState]
  /// What is being waited for, in one sentence.
  public var message: String
  /// Since the request.
  public var elapsed: Duration?
  /// The worst trouble that is there now, in one sentence; empty when there is none. It may pass: only the finished
  /// frame says that a rollout failed.
  public var trouble: String

  public init(
    phase: RolloutPhase = .unspecified, replicas: Replicas? = nil, pods: [PodState] = [], message: String = "",
    elapsed: Duration? = nil, trouble: String = ""
  ) {
    self.phase = phase
    self.replicas = replicas
    self.pods = pods
    self.message = message
    self.elapsed = elapsed
    self.trouble = trouble
  }
}

extension RolloutProgress: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__rollout_progress__init)

  public init(reading fields: Rollback__V1__RolloutProgress, with reader: ProtobufReader) throws(ProtobufError) {
    phase = RolloutPhase(rawValue: fields.phase.rawValue)
    replicas = try reader.message(fields.replicas)
    pods = try reader.messages(fields.pods, count: fields.n_pods)
    message = reader.string(fields.message)
    elapsed = try reader.duration(fields.elapsed, "rollback.v1.RolloutProgress.elapsed")
    trouble = reader.string(fields.trouble)
  }

  public func write(into fields: inout Rollback__V1__RolloutProgress, with writer: ProtobufWriter) {
    fields.phase = .init(rawValue: phase.rawValue)
    fields.replicas = writer.message(replicas)
    (fields.pods, fields.n_pods) = writer.messages(pods)
    fields.message = writer.string(message)
    fields.elapsed = writer.duration(elapsed)
    fields.trouble = writer.string(trouble)
  }
}
