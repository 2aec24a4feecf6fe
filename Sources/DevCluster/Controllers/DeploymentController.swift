/// One look of the deployment controller at a Deployment: the object and its ReplicaSets as they were read.
///
/// Writes of the same look are not read back, so a second status write of one look fails with a conflict and the look
/// is repeated; this is what gives a Deployment's status its recorded order.
struct DeploymentView {
  var deployment: JSON
  var sets: [JSON]

  /// The oldest ReplicaSet that has the Deployment's pod template.
  var newSet: JSON? {
    let template = deployment.comparableTemplate
    return sets.sorted(by: Self.isOlder).first { $0.comparableTemplate == template }
  }

  static func isOlder(_ one: JSON, _ other: JSON) -> Bool {
    let dates = [one, other].map { $0["metadata"]["creationTimestamp"].string ?? "" }
    return dates[0] == dates[1] ? one.name < other.name : dates[0] < dates[1]
  }

  static func sum(_ sets: [JSON], _ count: (JSON) -> Int) -> Int { sets.reduce(0) { $0 + count($1) } }
}

/// The deployment controller: what `kube-controller-manager` does to Deployments and their ReplicaSets.
extension ClusterState {
  mutating func syncDeployment(_ key: ObjectKey) throws(APIStatus) {
    guard let deployment = store.object(.deployments, key) else { return }
    var view = DeploymentView(deployment: deployment, sets: try claimedSets(of: deployment))
    if deployment.isBeingDeleted {
      let (new, old) = try sortedSets(&view, creating: false)
      return try writeStatus(view, allSets: old + [new].compactMap { $0 }, newSet: new)
    }
    try notePause(&view)
    if deployment["spec"]["paused"].bool == true { return try scaleOnly(&view) }
    if try isScaling(&view) { return try scaleOnly(&view) }
    if deployment.isRollingUpdate { try rollOver(&view) } else { try recreate(&view) }
  }

  /// The ReplicaSets that the Deployment controls, orphans that match its selector taken over.
  private mutating func claimedSets(of deployment: JSON) throws(APIStatus) -> [JSON] {
    if !deployment.isBeingDeleted {
      let selector = LabelSelector(object: deployment["spec"]["selector"])
      for var orphan in store.uncontrolled(.replicaSets, namespace: deployment.namespace)
      where selector.matches(orphan.labels) && !orphan.isBeingDeleted {
        orphan["metadata"]["ownerReferences"] = .array(orphan.ownerReferences + [ownerReference(deployment)])
        try update(.replicaSets, orphan, .controller)
      }
    }
    return store.owned(by: deployment.uid, type: .replicaSets).filter { $0.controllerUID == deployment.uid }
  }

  func ownerReference(_ owner: JSON) -> JSON {
    [
      "apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": .string(owner.name),
      "uid": .string(owner.uid), "controller": true, "blockOwnerDeletion": true,
    ]
  }

  /// Says in the conditions that the Deployment was paused or resumed, so that its deadline does not run on.
  private mutating func notePause(_ view: inout DeploymentView) throws(APIStatus) {
    guard view.deployment.progressDeadline != nil else { return }
    let reason = view.deployment.condition("Progressing")["reason"].string
    if reason == "ProgressDeadlineExceeded" { return }
    let isPaused = view.deployment["spec"]["paused"].bool == true
    if isPaused, reason != "DeploymentPaused" {
      view.deployment.setCondition(
        condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"))
    } else if !isPaused, reason == "DeploymentPaused" {
      view.deployment.setCondition(
        condition("Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed"))
    } else {
      return
    }
    try updateStatus(.deployments, view.deployment, .controller)
  }

  /// A rolling update: the new ReplicaSet grows as far as the surge allows, then old ones shrink as far as
  /// availability allows.
  private mutating func rollOver(_ view: inout DeploymentView) throws(APIStatus) {
    let (new, old) = try sortedSets(&view, creating: true)
    let all = old + [new].compactMap { $0 }
    if let new, try growNewSet(view, all, new) { return try writeRolloutStatus(view, allSets: all, newSet: new) }
    if try shrinkOldSets(view, all, old.filter { $0.desiredReplicas > 0 }, new) {
      return try writeRolloutStatus(view, allSets: all, newSet: new)
    }
    if isComplete(view.deployment, status: view.deployment) { try dropOldRevisions(view, old) }
    try writeRolloutStatus(view, allSets: all, newSet: new)
  }

  /// Strategy `Recreate`: all old pods go before the first new one comes.
  private mutating func recreate(_ view: inout DeploymentView) throws(APIStatus) {
    var (new, old) = try sortedSets(&view, creating: false)
    var all = old + [new].compactMap { $0 }
    var scaledDown = false
    for set in old where set.desiredReplicas > 0 { scaledDown = try scale(set, to: 0, view) || scaledDown }
    if scaledDown || oldPodsRun(view, old, new) {
      return try writeRolloutStatus(view, allSets: all, newSet: new)
    }
    if new == nil {
      (new, old) = try sortedSets(&view, creating: true)
      all = old + [new].compactMap { $0 }
    }
    if let new { _ = try scale(new, to: view.deployment.desiredReplicas, view) }
    if isComplete(view.deployment, status: view.deployment) { try dropOldRevisions(view, old) }
    try writeRolloutStatus(view, allSets: all, newSet: new)
  }

  private func oldPodsRun(_ view: DeploymentView, _ old: [JSON], _ new: JSON?) -> Bool {
    if DeploymentView.sum(old, \.statusReplicas) > 0 { return true }
    return view.sets.contains { set in
      set.uid != new?.uid
        && store.owned(by: set.uid, type: .pods).contains {
          !["Failed", "Succeeded"].contains($0["status"]["phase"].string)
        }
    }
  }

  /// Deletes the oldest ReplicaSets beyond `revisionHistoryLimit`, those that have nothing left to do.
  mutating func dropOldRevisions(_ view: DeploymentView, _ old: [JSON]) throws(APIStatus) {
    guard let limit = view.deployment["spec"]["revisionHistoryLimit"].int else { return }
    let living = old.filter { !$0.isBeingDeleted }
    guard living.count > limit else { return }
    for set in living.sorted(by: { $0.revision < $1.revision }).prefix(living.count - limit)
    where set.statusReplicas == 0 && set.desiredReplicas == 0 && set.generation <= set.observedGeneration {
      try delete(.replicaSets, set.key)
    }
  }
}
