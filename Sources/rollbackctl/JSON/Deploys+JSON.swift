internal import RollbackMessages

extension DeployRecord {
  var json: JSONValue {
    .object([
      "id": .string(id), "app": .string(app), "image_ref": .string(imageRef), "image_digest": .given(imageDigest),
      "status": .string(status.word), "replicas": replicas?.json ?? .null, "created_at": .time(createdAt),
      "finished_at": .time(finishedAt), "time_to_ready": .seconds(timeToReady), "actor_id": .given(actorID),
      "reason": .given(reason), "rollback_of": .given(rollbackOf), "warnings": .array(warnings, \.json),
      "current": .bool(current), "rollbackable": .bool(rollbackable),
      "not_rollbackable_reason": .given(notRollbackableReason), "migrations_since": .number(migrationsSince),
      "image_retained_until": .time(imageRetainedUntil), "request_id": .given(requestID),
    ])
  }
}

extension Replicas {
  var json: JSONValue {
    .object([
      "desired": .number(desired), "updated": .number(updated), "ready": .number(ready),
      "available": .number(available), "old": .number(old),
    ])
  }
}

extension Warning {
  var json: JSONValue {
    .object([
      "code": .string(code), "message": .string(message), "details": .array(details, JSONValue.string),
    ])
  }
}

extension ListDeploysResponse {
  var json: JSONValue {
    .object([
      "deploys": .array(deploys, \.json), "next_page_token": .given(nextPageToken),
      "default_target": .given(defaultTarget), "undoes": .given(undoes),
    ])
  }
}

extension PlanRollbackResponse {
  /// - Parameter error: why the rollback would not be accepted; nil where it would. That there is nothing to do is no
  ///   error.
  func json(error failure: CommandFailure?) -> JSONValue {
    let error: JSONValue = if let failure, failure.status != .done { failure.error } else { .null }
    return .object([
      "from": from?.json ?? .null, "target": target?.json ?? .null, "allowed": .bool(allowed),
      "refusal_reason": .given(refusalReason), "refusal_message": .given(refusalMessage),
      "warnings": .array(warnings, \.json), "estimate": .seconds(estimate), "namespace": .given(namespace),
      "deployment": .given(deployment), "container": .given(container), "image": .given(image),
      "image_check": .given(imageCheck), "not_restored": .array(notRestored, JSONValue.string),
      "estimate_rollouts": .number(estimateRollouts), "estimate_same_image": .bool(estimateSameImage),
      "target_live_for": .seconds(targetLiveFor), "undoes": undoes?.json ?? .null,
      "in_flight": inFlight?.json ?? .null, "in_flight_host": .given(inFlightHost),
      "error": error,
    ])
  }
}

extension CancelDeployResponse {
  var json: JSONValue {
    .object(["deploy": deploy?.json ?? .null, "left_on": .given(leftOn)])
  }
}
