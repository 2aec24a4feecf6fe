/// Sizes: how many pods each ReplicaSet of a Deployment should have.
extension ClusterState {
  /// How far the new ReplicaSet may grow now.
  func newSetSize(_ view: DeploymentView, _ all: [JSON], _ new: JSON) -> Int {
    let deployment = view.deployment
    guard deployment.isRollingUpdate else { return deployment.desiredReplicas }
    let present = DeploymentView.sum(all, \.desiredReplicas)
    let limit = deployment.desiredReplicas + deployment.maxSurge
    if present >= limit { return new.desiredReplicas }
    return new.desiredReplicas + min(limit - present, deployment.desiredReplicas - new.desiredReplicas)
  }

  mutating func growNewSet(_ view: DeploymentView, _ all: [JSON], _ new: JSON) throws(APIStatus) -> Bool {
    let desired = view.deployment.desiredReplicas
    if new.desiredReplicas == desired { return false }
    return try scale(new, to: new.desiredReplicas > desired ? desired : newSetSize(view, all, new), view)
  }

  mutating func shrinkOldSets(
    _ view: DeploymentView, _ all: [JSON], _ old: [JSON], _ new: JSON?
  ) throws(APIStatus) -> Bool {
    let deployment = view.deployment
    guard DeploymentView.sum(old, \.desiredReplicas) > 0 else { return false }
    let mustBeAvailable = deployment.desiredReplicas - deployment.maxUnavailable
    let newUnavailable = (new?.desiredReplicas ?? 0) - (new?.availableReplicas ?? 0)
    let most = DeploymentView.sum(all, \.desiredReplicas) - mustBeAvailable - newUnavailable
    guard most > 0 else { return false }

    // Pods that do not serve go first: they cost no availability.
    var old = old.sorted(by: DeploymentView.isOlder)
    var removed = 0
    for index in old.indices where removed < most {
      let set = old[index]
      let unhealthy = set.desiredReplicas - set.availableReplicas
      guard set.desiredReplicas > 0, unhealthy > 0 else { continue }
      let count = min(most - removed, unhealthy)
      if try scale(set, to: set.desiredReplicas - count, view) {
        old[index]["spec"]["replicas"] = JSON(set.desiredReplicas - count)
      }
      removed += count
    }

    let available = DeploymentView.sum(old + [new].compactMap { $0 }, \.availableReplicas)
    var surplus = available - mustBeAvailable
    for set in old where surplus > 0 && set.desiredReplicas > 0 {
      let count = min(set.desiredReplicas, surplus)
      removed += try scale(set, to: set.desiredReplicas - count, view) ? count : 0
      surplus -= count
    }
    return removed > 0
  }

  /// Gives a ReplicaSet another size and notes it in an event; whether it was another.
  mutating func scale(_ set: JSON, to size: Int, _ view: DeploymentView) throws(APIStatus) -> Bool {
    let deployment = view.deployment
    let from = set.desiredReplicas
    if from == size { return false }
    try resize(set, to: size, deployment)
    let direction = size > from ? "up" : "down"
    record(
      .deployment, deployment, "Normal", "ScalingReplicaSet",
      "Scaled \(direction) replica set \(set.name) from \(from) to \(size)")
    return true
  }

  private mutating func resize(_ set: JSON, to size: Int, _ deployment: JSON) throws(APIStatus) {
    var updated = set
    updated["spec"]["replicas"] = JSON(size)
    updated["metadata"]["annotations"][DeploymentAnnotation.desiredReplicas] = .string(
      String(deployment.desiredReplicas))
    updated["metadata"]["annotations"][DeploymentAnnotation.maxReplicas] = .string(
      String(deployment.desiredReplicas + deployment.maxSurge))
    if updated != set { try update(.replicaSets, updated, .controller) }
  }

  /// Whether the Deployment was scaled since its ReplicaSets were last sized for it.
  mutating func isScaling(_ view: inout DeploymentView) throws(APIStatus) -> Bool {
    let (new, old) = try sortedSets(&view, creating: false)
    return (old + [new].compactMap { $0 }).contains { set in
      guard set.desiredReplicas > 0,
        let sizedFor = set.annotations[DeploymentAnnotation.desiredReplicas].flatMap(Int.init)
      else { return false }
      return sizedFor != view.deployment.desiredReplicas
    }
  }

  /// A paused or scaled Deployment: its ReplicaSets are sized, nothing is rolled.
  mutating func scaleOnly(_ view: inout DeploymentView) throws(APIStatus) {
    let (new, old) = try sortedSets(&view, creating: false)
    try scaleAll(view, new, old)
    if view.deployment["spec"]["paused"].bool == true { try dropOldRevisions(view, old) }
    try writeStatus(view, allSets: old + [new].compactMap { $0 }, newSet: new)
  }

  private mutating func scaleAll(_ view: DeploymentView, _ new: JSON?, _ old: [JSON]) throws(APIStatus) {
    let deployment = view.deployment
    let desired = deployment.desiredReplicas
    let active = (old + [new].compactMap { $0 }).filter { $0.desiredReplicas > 0 }
    if active.count <= 1 {
      let latest = active.first ?? new ?? old.sorted(by: DeploymentView.isOlder).last
      if let latest { _ = try scale(latest, to: desired, view) }
      return
    }
    if let new, new.desiredReplicas == desired, new.availableReplicas == desired,
      new.annotations[DeploymentAnnotation.desiredReplicas] == String(desired)
    {
      for set in old where set.desiredReplicas > 0 { _ = try scale(set, to: 0, view) }
      return
    }
    guard deployment.isRollingUpdate else { return }
    try scaleInProportion(view, active)
  }

  /// Several ReplicaSets have pods: each gets its share of the change, and the biggest what rounding leaves.
  private mutating func scaleInProportion(_ view: DeploymentView, _ active: [JSON]) throws(APIStatus) {
    let deployment = view.deployment
    let limit = deployment.desiredReplicas > 0 ? deployment.desiredReplicas + deployment.maxSurge : 0
    let change = limit - DeploymentView.sum(active, \.desiredReplicas)
    let ordered = active.sorted { one, other in
      if one.desiredReplicas != other.desiredReplicas { return one.desiredReplicas > other.desiredReplicas }
      return change > 0 ? DeploymentView.isOlder(other, one) : DeploymentView.isOlder(one, other)
    }
    var added = 0
    var sizes = ordered.map(\.desiredReplicas)
    for (index, set) in ordered.enumerated() where change != 0 {
      let share = proportion(of: set, deployment, change: change, added: added)
      sizes[index] = max(0, set.desiredReplicas + share)
      added += share
    }
    if change != 0, !sizes.isEmpty { sizes[0] = max(0, sizes[0] + change - added) }
    for (set, size) in zip(ordered, sizes) {
      if size == set.desiredReplicas {
        try resize(set, to: size, deployment)
      } else {
        _ = try scale(set, to: size, view)
      }
    }
  }

  private func proportion(of set: JSON, _ deployment: JSON, change: Int, added: Int) -> Int {
    guard set.desiredReplicas > 0, change != 0, change != added else { return 0 }
    guard deployment.desiredReplicas > 0 else { return -set.desiredReplicas }
    let sizedFor = set.annotations[DeploymentAnnotation.maxReplicas].flatMap(Int.init)
    let before = max(1, sizedFor ?? deployment.statusReplicas)
    let limit = deployment.desiredReplicas + deployment.maxSurge
    let share = Int((Double(set.desiredReplicas * limit) / Double(before)).rounded()) - set.desiredReplicas
    return change > 0 ? min(share, change - added) : max(share, change - added)
  }
}
