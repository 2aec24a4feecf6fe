/// A Deployment's status: counts, conditions, deadline.
extension ClusterState {
  /// The Deployment with the status that its ReplicaSets add up to, conditions on progress left as they are.
  private func counted(_ deployment: JSON, _ sets: [JSON], _ new: JSON?) -> JSON {
    let available = DeploymentView.sum(sets, \.availableReplicas)
    let wanted = DeploymentView.sum(sets, \.desiredReplicas)
    var result = deployment
    result["status"] = .object([
      "observedGeneration": JSON(deployment.generation),
      "terminatingReplicas": JSON(DeploymentView.sum(sets, \.terminatingReplicas)),
    ])
    result["status"]["conditions"] = deployment["status"]["conditions"]
    result["status"]["collisionCount"] = deployment["status"]["collisionCount"]
    result.setCount("replicas", DeploymentView.sum(sets, \.statusReplicas))
    result.setCount("updatedReplicas", new?.statusReplicas ?? 0)
    result.setCount("readyReplicas", DeploymentView.sum(sets, \.readyReplicas))
    result.setCount("availableReplicas", available)
    result.setCount("unavailableReplicas", max(0, wanted - available))
    if available >= deployment.desiredReplicas - deployment.maxUnavailable {
      result.setCondition(
        condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."))
    } else {
      result.setCondition(
        condition(
          "Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."))
    }
    return result
  }

  /// Writes counts and availability, and nothing about progress.
  mutating func writeStatus(_ view: DeploymentView, allSets: [JSON], newSet: JSON?) throws(APIStatus) {
    let result = counted(view.deployment, allSets, newSet)
    if result["status"] != view.deployment["status"] { try updateStatus(.deployments, result, .controller) }
  }

  /// Writes counts, availability, and how the rollout gets on.
  mutating func writeRolloutStatus(_ view: DeploymentView, allSets: [JSON], newSet: JSON?) throws(APIStatus) {
    let deployment = view.deployment
    var result = counted(deployment, allSets, newSet)
    let known = deployment.condition("Progressing")
    let subject = newSet.map { "ReplicaSet \"\($0.name)\"" } ?? "Deployment \"\(deployment.name)\""
    if deployment.progressDeadline == nil { result.removeCondition("Progressing") }
    // With one ReplicaSet only and its rollout done there is no progress to speak of.
    let isOver =
      result.statusReplicas == result.updatedReplicas && known["reason"].string == "NewReplicaSetAvailable"
    if deployment.progressDeadline != nil, !isOver {
      if isComplete(deployment, status: result) {
        result.setCondition(
          condition("Progressing", "True", "NewReplicaSetAvailable", "\(subject) has successfully progressed."))
      } else if hasProgressed(from: deployment, to: result) {
        // Unlike every other condition this one is written again though nothing but its time is new.
        var progress = condition("Progressing", "True", "ReplicaSetUpdated", "\(subject) is progressing.")
        if known["status"].string == "True" { progress["lastTransitionTime"] = known["lastTransitionTime"] }
        result.removeCondition("Progressing")
        result.setCondition(progress)
      } else if hasTimedOut(deployment, known) {
        result.setCondition(
          condition("Progressing", "False", "ProgressDeadlineExceeded", "\(subject) has timed out progressing."))
      }
    }
    if let failure = replicaFailure(allSets, newSet) {
      result.setCondition(failure)
    } else {
      result.removeCondition("ReplicaFailure")
    }
    if result["status"] == deployment["status"] { return scheduleDeadline(deployment, result) }
    try updateStatus(.deployments, result, .controller)
  }

  func isComplete(_ deployment: JSON, status: JSON) -> Bool {
    let desired = deployment.desiredReplicas
    return status.updatedReplicas == desired && status.statusReplicas == desired
      && status.availableReplicas == desired && status.observedGeneration >= deployment.generation
  }

  private func hasProgressed(from old: JSON, to new: JSON) -> Bool {
    new.updatedReplicas > old.updatedReplicas
      || new.statusReplicas - new.updatedReplicas < old.statusReplicas - old.updatedReplicas
      || new.readyReplicas > old.readyReplicas || new.availableReplicas > old.availableReplicas
  }

  private func hasTimedOut(_ deployment: JSON, _ known: JSON) -> Bool {
    guard let limit = deployment.progressDeadline, !known.isNull else { return false }
    // After a finished rollout the condition has not caught up with the next one yet.
    if known["reason"].string == "NewReplicaSetAvailable" { return false }
    if known["reason"].string == "ProgressDeadlineExceeded" { return true }
    guard let since = Timestamp(known["lastUpdateTime"].string ?? "") else { return false }
    return since + .seconds(limit) < now
  }

  /// Looks at the Deployment again when its deadline will have passed, whole seconds and one more.
  private mutating func scheduleDeadline(_ deployment: JSON, _ result: JSON) {
    let known = deployment.condition("Progressing")
    guard let limit = deployment.progressDeadline, !known.isNull, !isComplete(deployment, status: result),
      !["ProgressDeadlineExceeded", "NewReplicaSetAvailable"].contains(known["reason"].string),
      let since = Timestamp(known["lastUpdateTime"].string ?? "")
    else { return }
    let left = (since + .seconds(limit)).since(now)
    timers.schedule(
      .deploymentCheck(deployment.key), at: now + (left < .seconds(1) ? .milliseconds(100) : left + .seconds(1)))
  }

  /// What keeps a ReplicaSet from making or deleting pods: the new one's trouble first.
  private func replicaFailure(_ sets: [JSON], _ new: JSON?) -> JSON? {
    for set in [new].compactMap({ $0 }) + sets {
      let failure = set.condition("ReplicaFailure")
      if failure.isNull { continue }
      var copy = failure
      copy["lastUpdateTime"] = failure["lastTransitionTime"]
      return copy
    }
    return nil
  }
}
