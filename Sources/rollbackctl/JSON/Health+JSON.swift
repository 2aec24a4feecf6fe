internal import RollbackMessages

extension GetHealthResponse {
  var json: JSONValue {
    .object([
      "state": .string(state.word), "version": .given(version), "host": .given(host), "started_at": .time(startedAt),
      "uptime": .seconds(uptime), "connections": .number(connections), "database": database?.json ?? .null,
      "cluster": cluster?.json ?? .null, "registry": registry?.json ?? .null, "running": .array(running, \.json),
      "time_to_ready": timeToReady?.json ?? .null,
    ])
  }
}

extension DatabaseHealth {
  fileprivate var json: JSONValue {
    .object([
      "state": .string(state.word), "message": .given(message),
      "schema_version": schemaVersion == 0 ? .null : .number(schemaVersion),
      "in_use": .number(inUse), "idle": .number(idle), "maximum": .number(maximum), "waiting": .number(waiting),
      "opened": .number(opened),
    ])
  }
}

extension ClusterHealth {
  fileprivate var json: JSONValue {
    .object([
      "state": .string(state.word), "message": .given(message), "server": .given(server), "version": .given(version),
    ])
  }
}

extension RegistryHealth {
  fileprivate var json: JSONValue {
    .object(["state": .string(state.word), "message": .given(message)])
  }
}

extension RunningOperation {
  fileprivate var json: JSONValue {
    .object([
      "deploy_id": .string(deployID), "app": .string(app), "since": .time(since), "host": .given(host),
      "progress": .given(progress),
    ])
  }
}

extension TimeToReady {
  fileprivate var json: JSONValue {
    .object([
      "count": .number(count), "met_target": .number(metTarget), "median": .seconds(median),
      "maximum": .seconds(maximum),
    ])
  }
}

extension ComponentState {
  /// The word for it in JSON.
  var word: String {
    switch self {
    case .ok: "ok"
    case .degraded: "degraded"
    case .down: "down"
    case .notConfigured: "not_configured"
    default: "unspecified"
    }
  }
}
