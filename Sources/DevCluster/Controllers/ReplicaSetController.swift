/// The ReplicaSet controller: as many pods as are wanted, and the counts of them.
extension ClusterState {
  mutating func syncReplicaSet(_ key: ObjectKey) throws(APIStatus) {
    guard let set = store.object(.replicaSets, key) else { return }
    let pods = try claimedPods(of: set)
    let active = pods.filter(\.isActivePod)
    var failure: APIStatus?
    if !set.isBeingDeleted {
      do throws(APIStatus) { try adjustPods(of: set, active) } catch { failure = error }
    }
    let result = counted(set, active, terminating: pods.filter(\.isBeingDeleted).count, failure)
    if result["status"] != set["status"] { try updateStatus(.replicaSets, result, .controller) }
    if let failure { throw failure }
    let waiting = active.compactMap { $0.availableAt(minReadySeconds: set.minReadySeconds) }.filter { $0 > now }
    if let next = waiting.min() { timers.schedule(.replicaSetCheck(key), at: next + .milliseconds(5)) }
  }

  /// The pods that the ReplicaSet controls, orphans that match its selector taken over.
  private mutating func claimedPods(of set: JSON) throws(APIStatus) -> [JSON] {
    if !set.isBeingDeleted {
      let selector = LabelSelector(object: set["spec"]["selector"])
      for var orphan in store.uncontrolled(.pods, namespace: set.namespace)
      where orphan.isActivePod && selector.matches(orphan.labels) {
        orphan["metadata"]["ownerReferences"] = .array(orphan.ownerReferences + [ownerReference(set)])
        try update(.pods, orphan, .controller)
      }
    }
    return store.owned(by: set.uid, type: .pods).filter { $0.controllerUID == set.uid }
  }

  private mutating func adjustPods(of set: JSON, _ active: [JSON]) throws(APIStatus) {
    let missing = set.desiredReplicas - active.count
    if missing > 0 {
      for _ in 0..<missing { try createPod(of: set) }
    } else if missing < 0 {
      for pod in deletionOrder(active, of: set).prefix(-missing) {
        try delete(.pods, pod.key)
        record(.replicaSet, set, "Normal", "SuccessfulDelete", "Deleted pod: \(pod.name)")
      }
    }
  }

  private mutating func createPod(of set: JSON) throws(APIStatus) {
    let template = set["spec"]["template"]
    var pod: JSON = [
      "metadata": [
        "generateName": .string(set.name + "-"), "namespace": .string(set.namespace),
        "labels": template["metadata"]["labels"], "ownerReferences": [ownerReference(set)],
      ],
      "spec": template["spec"],
    ]
    pod["metadata"]["annotations"] = template["metadata"]["annotations"]
    do throws(APIStatus) {
      let made = try create(.pods, pod, .controller)
      record(.replicaSet, set, "Normal", "SuccessfulCreate", "Created pod: \(made.name)")
    } catch {
      record(.replicaSet, set, "Warning", "FailedCreate", "Error creating: \(error.message)")
      throw error
    }
  }

  /// Pods in the order in which they are given up: those of least use first.
  private func deletionOrder(_ pods: [JSON], of set: JSON) -> [JSON] {
    var siblings: [String: Int] = [:]
    for owner in store.owned(by: set.controllerUID ?? set.uid, type: .replicaSets) {
      for pod in store.owned(by: owner.uid, type: .pods) where pod.isActivePod {
        siblings[pod["spec"]["nodeName"].string ?? "", default: 0] += 1
      }
    }
    func rank(_ pod: JSON) -> [Int] {
      let node = pod["spec"]["nodeName"].string
      let phases = ["Pending": 0, "Unknown": 1, "Running": 2]
      let restarts = pod["status"]["containerStatuses"].elements.map { $0["restartCount"].int ?? 0 }.max() ?? 0
      let readySince = Timestamp(pod.condition("Ready")["lastTransitionTime"].string ?? "")
      let created = Timestamp(pod["metadata"]["creationTimestamp"].string ?? "")
      return [
        node == nil ? 0 : 1, phases[pod["status"]["phase"].string ?? ""] ?? 1, pod.isReadyPod ? 1 : 0,
        -siblings[node ?? "", default: 0], pod.isReadyPod ? -Int(readySince?.microseconds ?? 0) : 0, -restarts,
        -Int(created?.microseconds ?? 0),
      ]
    }
    return pods.map { (rank($0), $0) }
      .sorted { $0.0 == $1.0 ? $0.1.name > $1.1.name : $0.0.lexicographicallyPrecedes($1.0) }
      .map(\.1)
  }

  private func counted(_ set: JSON, _ active: [JSON], terminating: Int, _ failure: APIStatus?) -> JSON {
    var result = set
    result["status"] = .object([
      "replicas": JSON(active.count), "terminatingReplicas": JSON(terminating),
      "observedGeneration": JSON(set.generation),
    ])
    result["status"]["conditions"] = set["status"]["conditions"]
    let wanted = set["spec"]["template"]["metadata"]["labels"].strings
    result.setCount(
      "fullyLabeledReplicas",
      active.count { pod in
        let labels = pod.labels
        return wanted.allSatisfy { labels[$0.key] == $0.value }
      })
    result.setCount("readyReplicas", active.count(where: \.isReadyPod))
    result.setCount(
      "availableReplicas",
      active.count { pod in pod.availableAt(minReadySeconds: set.minReadySeconds).map { $0 <= now } ?? false })
    if let failure {
      if set.condition("ReplicaFailure").isNull {
        let reason = set.desiredReplicas > active.count ? "FailedCreate" : "FailedDelete"
        result.setCondition(condition("ReplicaFailure", "True", reason, failure.message, updates: false))
      }
    } else {
      result.removeCondition("ReplicaFailure")
    }
    return result
  }
}
