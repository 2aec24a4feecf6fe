public import CRollbackProto
public import ProtobufC

/// Why a rollout failed.
public struct Diagnosis: Hashable, Sendable {
  /// One sentence that names pod, container, reason and exit code as far as they apply.
  public var summary: String
  public var pod: String
  public var container: String
  /// The container's waiting or terminated reason: "ImagePullBackOff", "CrashLoopBackOff".
  public var reason: String
  /// Of the last run; meaningful when `terminated` is true.
  public var exitCode: Int32
  public var terminated: Bool
  public var restarts: UInt32
  public var events: [ClusterEvent]
  /// The last lines of the container, and of its previous run; bounded.
  public var logTail: String
  public var previousLogTail: String
  /// Where the failing pod is; empty when no node took it, or there is no such pod.
  public var node: String
  /// Of the failing container; empty when there is no such pod.
  public var image: String
  /// What sets the failing pod apart from those that serve, in one sentence; empty when no pod serves.
  public var comparison: String
  /// The pods that serve, at most 20.
  public var serving: [ServingPod]
  /// The probe in words, where a probe is what fails.
  public var probe: String
  /// What is missing of the evidence or was cut, one sentence each.
  public var notes: [String]

  public init(
    summary: String = "", pod: String = "", container: String = "", reason: String = "", exitCode: Int32 = 0,
    terminated: Bool = false, restarts: UInt32 = 0, events: [ClusterEvent] = [], logTail: String = "",
    previousLogTail: String = "", node: String = "", image: String = "", comparison: String = "",
    serving: [ServingPod] = [], probe: String = "", notes: [String] = []
  ) {
    self.summary = summary
    self.pod = pod
    self.container = container
    self.reason = reason
    self.exitCode = exitCode
    self.terminated = terminated
    self.restarts = restarts
    self.events = events
    self.logTail = logTail
    self.previousLogTail = previousLogTail
    self.node = node
    self.image = image
    self.comparison = comparison
    self.serving = serving
    self.probe = probe
    self.notes = notes
  }
}

extension Diagnosis: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__diagnosis__init)

  public init(reading fields: Rollback__V1__Diagnosis, with reader: ProtobufReader) throws(ProtobufError) {
    summary = reader.string(fields.summary)
    pod = reader.string(fields.pod)
    container = reader.string(fields.container)
    reason = reader.string(fields.reason)
    exitCode = fields.exit_code
    terminated = reader.bool(fields.terminated)
    restarts = fields.restarts
    events = try reader.messages(fields.events, count: fields.n_events)
    logTail = reader.string(fields.log_tail)
    previousLogTail = reader.string(fields.previous_log_tail)
    node = reader.string(fields.node)
    image = reader.string(fields.image)
    comparison = reader.string(fields.comparison)
    serving = try reader.messages(fields.serving, count: fields.n_serving)
    probe = reader.string(fields.probe)
    notes = reader.strings(fields.notes, count: fields.n_notes)
  }

  public func write(into fields: inout Rollback__V1__Diagnosis, with writer: ProtobufWriter) {
    fields.summary = writer.string(summary)
    fields.pod = writer.string(pod)
    fields.container = writer.string(container)
    fields.reason = writer.string(reason)
    fields.exit_code = exitCode
    fields.terminated = writer.bool(terminated)
    fields.restarts = restarts
    (fields.events, fields.n_events) = writer.messages(events)
    fields.log_tail = writer.string(logTail)
    fields.previous_log_tail = writer.string(previousLogTail)
    fields.node = writer.string(node)
    fields.image = writer.string(image)
    fields.comparison = writer.string(comparison)
    (fields.serving, fields.n_serving) = writer.messages(serving)
    fields.probe = writer.string(probe)
    (fields.notes, fields.n_notes) = writer.strings(notes)
  }
}
