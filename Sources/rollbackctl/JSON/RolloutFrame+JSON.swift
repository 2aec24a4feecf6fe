internal import RollbackMessages

extension RolloutFrame {
  /// - Parameter deployID: of the rollout, where it is known already.
  func json(deployID: String) -> JSONValue {
    let head: (String) -> [JSONValue.Member] = { type in
      [
        .init(name: "type", value: .string(type)), .init(name: "seq", value: .number(seq)),
        .init(name: "at", value: .time(at)), .init(name: "deploy_id", value: .given(deployID)),
      ]
    }
    switch kind {
    case .accepted(let accepted): return .object(head("accepted") + accepted.members)
    case .progress(let progress): return .object(head("progress") + progress.members)
    case .finished(let finished): return .object(head("finished") + finished.members)
    case nil: return .object(head("unknown"))
    }
  }
}

extension RolloutAccepted {
  fileprivate var members: [JSONValue.Member] {
    [
      .init(name: "deploy", value: deploy?.json ?? .null), .init(name: "warnings", value: .array(warnings, \.json)),
      .init(name: "from", value: from?.json ?? .null), .init(name: "target", value: target?.json ?? .null),
      .init(name: "audit_id", value: .auditID(auditID)), .init(name: "namespace", value: .given(namespace)),
      .init(name: "deployment", value: .given(deployment)), .init(name: "container", value: .given(container)),
      .init(name: "joined", value: .bool(joined)), .init(name: "undoes", value: undoes?.json ?? .null),
      .init(name: "image_check", value: .given(imageCheck)),
      .init(name: "target_live_for", value: .seconds(targetLiveFor)),
    ]
  }
}

extension RolloutProgress {
  fileprivate var members: [JSONValue.Member] {
    [
      .init(name: "phase", value: .string(phase.word)), .init(name: "message", value: .given(message)),
      .init(name: "replicas", value: replicas?.json ?? .null), .init(name: "pods", value: .array(pods, \.json)),
      .init(name: "elapsed", value: .seconds(elapsed)), .init(name: "trouble", value: .given(trouble)),
    ]
  }
}

extension RolloutFinished {
  fileprivate var members: [JSONValue.Member] {
    [
      .init(name: "deploy", value: deploy?.json ?? .null), .init(name: "warnings", value: .array(warnings, \.json)),
      .init(name: "outcome", value: .string(outcome.word)), .init(name: "message", value: .given(message)),
      .init(name: "diagnosis", value: diagnosis?.json ?? .null), .init(name: "elapsed", value: .seconds(elapsed)),
      // Not `target`: that is a deploy in the accepted frame.
      .init(name: "elapsed_target", value: .seconds(target)), .init(name: "audit_id", value: .auditID(auditID)),
      .init(name: "pods_checked", value: .number(podsChecked)),
      .init(name: "pods_verified", value: .number(podsVerified)),
      .init(name: "replicas", value: replicas?.json ?? .null), .init(name: "left_on", value: .given(leftOn)),
    ]
  }
}

extension PodState {
  fileprivate var json: JSONValue {
    .object([
      "name": .string(name), "ready": .bool(ready), "restarts": .number(restarts), "state": .given(state),
      "message": .given(message), "containers": .array(containers, \.json),
    ])
  }
}

extension ContainerState {
  fileprivate var json: JSONValue {
    .object(["name": .string(name), "ready": .bool(ready), "restarts": .number(restarts), "state": .given(state)])
  }
}

extension ServingPod {
  fileprivate var json: JSONValue {
    .object([
      "name": .string(name), "image": .given(image), "node": .given(node), "restarts": .number(restarts),
      "updated": .bool(updated),
    ])
  }
}

extension Diagnosis {
  fileprivate var json: JSONValue {
    .object([
      "summary": .string(summary), "pod": .given(pod), "container": .given(container), "reason": .given(reason),
      "exit_code": terminated ? .number(exitCode) : .null, "restarts": .number(restarts),
      "events": .array(events, \.json), "log_tail": .given(logTail), "previous_log_tail": .given(previousLogTail),
      "node": .given(node), "image": .given(image), "comparison": .given(comparison),
      "serving": .array(serving, \.json), "probe": .given(probe), "notes": .array(notes.map(JSONValue.string)),
    ])
  }
}

extension ClusterEvent {
  fileprivate var json: JSONValue {
    .object([
      "at": .time(at), "object": .string(object), "type": .string(type), "reason": .string(reason),
      "message": .string(message), "count": .number(count),
    ])
  }
}

extension RolloutPhase {
  /// The word for it in JSON.
  var word: String {
    switch self {
    case .patching: "patching"
    case .waiting: "waiting"
    case .rolling: "rolling"
    case .soaking: "soaking"
    case .unreachable: "unreachable"
    case .reverting: "reverting"
    default: "unspecified"
    }
  }
}

extension JSONValue {
  /// Null where there was no row.
  fileprivate static func auditID(_ id: Int64) -> JSONValue { id == 0 ? .null : .number(id) }
}
