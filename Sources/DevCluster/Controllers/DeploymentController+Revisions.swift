/// Revisions: which ReplicaSet is the Deployment's new one, and how each is numbered.
extension ClusterState {
  /// The ReplicaSet of the present template and all others; makes the former where asked to.
  mutating func sortedSets(
    _ view: inout DeploymentView, creating: Bool
  ) throws(APIStatus) -> (new: JSON?, old: [JSON]) {
    let new = view.newSet
    let old = view.sets.filter { $0.uid != new?.uid }
    let revision = (old.map(\.revision).max() ?? 0) + 1
    if let new { return (try adopted(new, revision, &view), old) }
    guard creating else { return (nil, old) }
    return (try created(revision, &view, old), old)
  }

  /// The existing ReplicaSet of the template, which becomes the newest revision.
  private mutating func adopted(
    _ set: JSON, _ revision: Int, _ view: inout DeploymentView
  ) throws(APIStatus) -> JSON {
    var updated = set
    let isChanged = annotate(&updated, from: view.deployment, revision: revision, isNew: false)
    if isChanged || set.minReadySeconds != view.deployment.minReadySeconds {
      updated["spec"]["minReadySeconds"] = view.deployment["spec"]["minReadySeconds"]
      return try update(.replicaSets, updated, .controller)
    }
    var needsUpdate = number(&view.deployment, as: set.annotations[DeploymentAnnotation.revision] ?? "")
    if view.deployment.progressDeadline != nil, view.deployment.condition("Progressing").isNull {
      let message = "Found new replica set \"\(set.name)\""
      view.deployment.setCondition(condition("Progressing", "True", "FoundNewReplicaSet", message))
      needsUpdate = true
    }
    if needsUpdate { try updateStatus(.deployments, view.deployment, .controller) }
    return set
  }

  /// A new ReplicaSet for the template.
  private mutating func created(
    _ revision: Int, _ view: inout DeploymentView, _ old: [JSON]
  ) throws(APIStatus) -> JSON {
    let deployment = view.deployment
    let hash = RandomNames.hash(deployment.comparableTemplate.text)
    var template = deployment["spec"]["template"]
    template["metadata"]["labels"][podTemplateHashLabel] = .string(hash)
    var selector = deployment["spec"]["selector"]
    selector["matchLabels"][podTemplateHashLabel] = .string(hash)
    var set: JSON = [
      "metadata": [
        "name": .string("\(deployment.name)-\(hash)"), "namespace": .string(deployment.namespace),
        "labels": template["metadata"]["labels"], "ownerReferences": [ownerReference(deployment)],
      ],
      "spec": ["replicas": 0, "selector": selector, "template": template],
    ]
    set["spec"]["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    let size = newSetSize(view, old + [set], set)
    set["spec"]["replicas"] = JSON(size)
    _ = annotate(&set, from: deployment, revision: revision, isNew: true)
    let made: JSON
    do throws(APIStatus) {
      made = try create(.replicaSets, set, .controller)
    } catch {
      let message = "Failed to create new replica set \"\(set.name)\": \(error.message)"
      if deployment.progressDeadline != nil {
        view.deployment.setCondition(condition("Progressing", "False", "ReplicaSetCreateError", message))
        try updateStatus(.deployments, view.deployment, .controller)
      }
      record(.deployment, deployment, "Warning", "ReplicaSetCreateError", message)
      throw error
    }
    if size > 0 {
      record(
        .deployment, deployment, "Normal", "ScalingReplicaSet",
        "Scaled up replica set \(made.name) from 0 to \(size)")
    }
    var needsUpdate = number(&view.deployment, as: String(revision))
    if deployment.progressDeadline != nil {
      let message = "Created new replica set \"\(made.name)\""
      view.deployment.setCondition(condition("Progressing", "True", "NewReplicaSetCreated", message))
      needsUpdate = true
    }
    if needsUpdate { try updateStatus(.deployments, view.deployment, .controller) }
    return made
  }

  /// Gives the Deployment its revision number; whether that changed it.
  private func number(_ deployment: inout JSON, as revision: String) -> Bool {
    if deployment.annotations[DeploymentAnnotation.revision] == revision { return false }
    deployment["metadata"]["annotations"][DeploymentAnnotation.revision] = .string(revision)
    return true
  }

  /// Copies the Deployment's annotations to a ReplicaSet and numbers it; whether that changed it.
  private func annotate(_ set: inout JSON, from deployment: JSON, revision: Int, isNew: Bool) -> Bool {
    let before = set.annotations
    var annotations = before
    for (name, value) in deployment.annotations where !DeploymentAnnotation.notCopied.contains(name) {
      annotations[name] = value
    }
    let known = annotations[DeploymentAnnotation.revision]
    if (known.flatMap(Int.init) ?? 0) < revision {
      annotations[DeploymentAnnotation.revision] = String(revision)
      if let known {
        // The ReplicaSet is rolled back to: its former revisions are kept for `kubectl rollout history`.
        let history = annotations[DeploymentAnnotation.revisionHistory]
        annotations[DeploymentAnnotation.revisionHistory] = history.map { "\($0),\(known)" } ?? known
      }
    }
    if isNew {
      annotations[DeploymentAnnotation.desiredReplicas] = String(deployment.desiredReplicas)
      annotations[DeploymentAnnotation.maxReplicas] = String(deployment.desiredReplicas + deployment.maxSurge)
    }
    if annotations == before { return false }
    set["metadata"]["annotations"].strings = annotations
    return true
  }
}

extension JSON {
  /// The revision number of a Deployment or ReplicaSet, zero where it has none.
  var revision: Int { annotations[DeploymentAnnotation.revision].flatMap(Int.init) ?? 0 }
}
