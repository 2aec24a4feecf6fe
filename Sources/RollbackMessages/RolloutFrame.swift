public import CRollbackProto
public import ProtobufC

/// One message of a rollout's story. They are numbered from 1 and stored; progress may be coalesced, so numbers may be
/// skipped, but `accepted` and `finished` never are.
public struct RolloutFrame: Hashable, Sendable {
  public var seq: UInt64
  public var at: Timestamp?
  /// What it tells; nil for a kind that this version does not know.
  public var kind: Kind?

  public enum Kind: Hashable, Sendable {
    case accepted(RolloutAccepted)
    case progress(RolloutProgress)
    case finished(RolloutFinished)
  }

  public init(seq: UInt64 = 0, at: Timestamp? = nil, kind: Kind? = nil) {
    self.seq = seq
    self.at = at
    self.kind = kind
  }
}

extension RolloutFrame: ProtobufMessage {
  public static let layout = ProtobufLayout(rollback__v1__rollout_frame__init)

  public init(reading fields: Rollback__V1__RolloutFrame, with reader: ProtobufReader) throws(ProtobufError) {
    switch fields.kind_case {
    case ROLLBACK__V1__ROLLOUT_FRAME__KIND_ACCEPTED: kind = try reader.message(fields.accepted).map(Kind.accepted)
    case ROLLBACK__V1__ROLLOUT_FRAME__KIND_PROGRESS: kind = try reader.message(fields.progress).map(Kind.progress)
    case ROLLBACK__V1__ROLLOUT_FRAME__KIND_FINISHED: kind = try reader.message(fields.finished).map(Kind.finished)
    default: kind = nil
    }
    seq = fields.seq
    at = try reader.timestamp(fields.at, "rollback.v1.RolloutFrame.at")
  }

  public func write(into fields: inout Rollback__V1__RolloutFrame, with writer: ProtobufWriter) {
    fields.seq = seq
    fields.at = writer.message(at)
    switch kind {
    case .accepted(let accepted):
      fields.kind_case = ROLLBACK__V1__ROLLOUT_FRAME__KIND_ACCEPTED
      fields.accepted = writer.message(accepted)
    case .progress(let progress):
      fields.kind_case = ROLLBACK__V1__ROLLOUT_FRAME__KIND_PROGRESS
      fields.progress = writer.message(progress)
    case .finished(let finished):
      fields.kind_case = ROLLBACK__V1__ROLLOUT_FRAME__KIND_FINISHED
      fields.finished = writer.message(finished)
    case nil: break
    }
  }
}
