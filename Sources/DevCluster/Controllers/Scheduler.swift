/// The scheduler, the nodes that it knows, and what admission does to a new pod.
extension ClusterState {
  /// Gives a new pod to the node with the fewest, or says why no node can take it.
  mutating func bindPod(_ key: ObjectKey) {
    guard var pod = store.object(.pods, key), pod["spec"]["nodeName"].isNull, !pod.isBeingDeleted else { return }
    let nodes = store.objects(.nodes)
    let requests = ResourceRequests(of: pod)
    let occupied = requests.isEmpty ? [:] : requestsByNode()
    let objections = nodes.map { objection(to: pod, requests, on: $0, besides: occupied[$0.name] ?? .init()) }
    let fitting = zip(nodes, objections).filter { $0.1 == nil }.map(\.0)
    guard !fitting.isEmpty else { return refuse(pod, objections.compactMap { $0 }) }
    let siblings = Set(
      store.owned(by: pod.controllerUID ?? "-", type: .pods).compactMap { $0["spec"]["nodeName"].string })
    let chosen = fitting.min { one, other in
      let ranks = [one, other].map { ((siblings.contains($0.name) ? 1 : 0), podsOnNode[$0.name, default: 0], $0.name) }
      return ranks[0] < ranks[1]
    }
    guard let node = chosen?.name else { return }
    pod["spec"]["nodeName"] = .string(node)
    setPodCondition(&pod, "PodScheduled", true)
    ManagedFields.record(
      old: pod, new: &pod, type: .pods, subresource: "binding", options: .scheduler, at: now)
    store.put(.pods, pod)
    record(
      .scheduler, pod, "Normal", "Scheduled", "Successfully assigned \(pod.namespace)/\(pod.name) to \(node)")
  }

  /// Why a node cannot take a pod.
  private enum Objection: String {
    case selector = "node(s) didn't match Pod's node affinity/selector"
    case cordoned = "node(s) were unschedulable"
    case cpu = "Insufficient cpu"
    case memory = "Insufficient memory"

    /// What the scheduler says of driving other pods away from there.
    var preemption: String {
      switch self {
      case .selector, .cordoned: "Preemption is not helpful for scheduling"
      case .cpu, .memory: "No preemption victims found for incoming pod"
      }
    }
  }

  private func objection(
    to pod: JSON, _ requests: ResourceRequests, on node: JSON, besides others: ResourceRequests
  ) -> Objection? {
    let labels = node.labels
    if !pod["spec"]["nodeSelector"].strings.allSatisfy({ labels[$0.key] == $0.value }) { return .selector }
    if node["spec"]["unschedulable"].bool == true { return .cordoned }
    let room = ResourceRequests(quantities: node["status"]["allocatable"])
    if requests.cpu > 0, others.cpu + requests.cpu > room.cpu { return .cpu }
    if requests.memory > 0, others.memory + requests.memory > room.memory { return .memory }
    return nil
  }

  /// What the pods on each node ask for together.
  private func requestsByNode() -> [String: ResourceRequests] {
    var result: [String: ResourceRequests] = [:]
    for pod in store.objects(.pods) {
      guard let node = pod["spec"]["nodeName"].string,
        !["Failed", "Succeeded"].contains(pod["status"]["phase"].string)
      else { continue }
      result[node, default: ResourceRequests()].add(ResourceRequests(of: pod))
    }
    return result
  }

  /// Pods that found no room are looked at again when one has gone.
  mutating func retryUnschedulable() {
    for key in unplaced { timers.schedule(.bind(key), at: now + timing.scheduler) }
    unplaced = []
  }

  private mutating func refuse(_ pod: JSON, _ objections: [Objection]) {
    let count = objections.count
    func counted(_ texts: [String]) -> String {
      // As the scheduler sorts them: by the whole text, number first.
      Dictionary(grouping: texts) { $0 }.map { "\($0.value.count) \($0.key)" }.sorted().joined(separator: ", ")
    }
    let message =
      "0/\(count) nodes are available: \(counted(objections.map(\.rawValue))). "
      + "no new claims to deallocate, preemption: 0/\(count) nodes are available: "
      + "\(counted(objections.map(\.preemption)))."
    record(.scheduler, pod, "Warning", "FailedScheduling", message)
    if objections.contains(.cpu) || objections.contains(.memory) { unplaced.append(pod.key) }
    var pod = pod
    let known = pod.condition("PodScheduled")
    if known["reason"].string == "Unschedulable", known["message"].string == message { return }
    setPodCondition(&pod, "PodScheduled", false, "Unschedulable", message)
    pod["status"]["conditions"][0]["observedGeneration"] = JSON(pod.generation)
    store.put(.pods, pod)
  }

  /// Sets a condition of a pod, its time of transition only where its status changes.
  func setPodCondition(
    _ pod: inout JSON, _ type: String, _ isTrue: Bool, _ reason: String? = nil, _ message: String? = nil
  ) {
    var condition: JSON = [
      "type": .string(type), "status": .string(isTrue ? "True" : "False"), "lastTransitionTime": .string(now.seconds),
    ]
    condition.members["lastProbeTime"] = .null
    if let reason { condition["reason"] = .string(reason) }
    if let message { condition["message"] = .string(message) }
    var conditions = pod["status"]["conditions"].elements
    if let index = conditions.firstIndex(where: { $0["type"].string == type }) {
      if conditions[index]["status"] == condition["status"] {
        condition["lastTransitionTime"] = conditions[index]["lastTransitionTime"]
      }
      conditions[index] = condition
    } else {
      conditions.append(condition)
    }
    pod["status"]["conditions"] = .array(conditions)
  }

  /// Makes a node that is there from the beginning.
  mutating func installNode(_ name: String, _ number: Int) {
    let address: JSON = .string("10.0.0.\(number)")
    let capacity: JSON = ["cpu": "8", "memory": "16Gi", "pods": "1000"]
    store.put(
      .nodes,
      [
        "kind": "Node", "apiVersion": "v1",
        "metadata": [
          "name": .string(name), "uid": .string(random.uid()), "creationTimestamp": .string(now.seconds),
          "labels": [
            "kubernetes.io/hostname": .string(name), "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
          ],
        ],
        "spec": .object([:]),
        "status": [
          "capacity": capacity, "allocatable": capacity,
          "addresses": [
            ["type": "InternalIP", "address": address], ["type": "Hostname", "address": .string(name)],
          ],
          "conditions": [
            [
              "type": "Ready", "status": "True", "lastHeartbeatTime": .string(now.seconds),
              "lastTransitionTime": .string(now.seconds), "reason": "KubeletReady",
              "message": "kubelet is posting ready status",
            ]
          ],
          "nodeInfo": [
            "kubeletVersion": .string(Discovery.gitVersion), "osImage": "simulated", "kernelVersion": "simulated",
            "containerRuntimeVersion": "simulated://1.0", "architecture": "amd64", "operatingSystem": "linux",
          ],
        ],
      ])
  }

  /// What admission adds to every new pod.
  mutating func preparePod(_ pod: inout JSON) {
    let volume = "kube-api-access-\(random.suffix())"
    var volumes = pod["spec"]["volumes"].elements
    volumes.append([
      "name": .string(volume),
      "projected": [
        "defaultMode": 420, "sources": [["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]]],
      ],
    ])
    pod["spec"]["volumes"] = .array(volumes)
    let mount: JSON = [
      "name": .string(volume), "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    ]
    for list in ["initContainers", "containers"] {
      for index in pod["spec"][list].elements.indices {
        let mounts = pod["spec"][list][index]["volumeMounts"].elements
        pod["spec"][list][index]["volumeMounts"] = .array(mounts + [mount])
      }
    }
    if pod["spec"]["serviceAccountName"].isNull { pod["spec"]["serviceAccountName"] = "default" }
    pod["spec"]["serviceAccount"] = pod["spec"]["serviceAccountName"]
    if pod["spec"]["enableServiceLinks"].isNull { pod["spec"]["enableServiceLinks"] = true }
    pod["spec"]["priority"] = 0
    pod["spec"]["preemptionPolicy"] = "PreemptLowerPriority"
    let away = ["not-ready", "unreachable"].map { taint -> JSON in
      [
        "key": .string("node.kubernetes.io/\(taint)"), "operator": "Exists", "effect": "NoExecute",
        "tolerationSeconds": 300,
      ]
    }
    pod["spec"]["tolerations"] = .array(pod["spec"]["tolerations"].elements + away)
  }

  /// Refuses a pod that a quota of its namespace has no room for.
  func admitPod(_ pod: JSON) throws(APIStatus) {
    for quota in store.objects(.resourceQuotas, namespace: pod.namespace) {
      guard let limit = quota.podLimit else { continue }
      let used = podsUsed(in: pod.namespace)
      if used + 1 > limit {
        throw .forbidden(
          .pods, pod.name,
          "exceeded quota: \(quota.name), requested: pods=1, used: pods=\(used), limited: pods=\(limit)")
      }
    }
  }

  /// Brings a quota's status up to date.
  mutating func refreshQuota(_ key: ObjectKey) {
    guard var quota = store.object(.resourceQuotas, key) else { return }
    var used = quota["spec"]["hard"]
    for name in used.members.keys { used[name] = "0" }
    if quota.podLimit != nil { used["pods"] = .string(String(podsUsed(in: key.namespace))) }
    let status: JSON = ["hard": quota["spec"]["hard"], "used": used]
    if quota["status"] == status { return }
    quota["status"] = status
    store.put(.resourceQuotas, quota)
  }

  private func podsUsed(in namespace: String) -> Int {
    store.objects(.pods, namespace: namespace).count {
      !["Failed", "Succeeded"].contains($0["status"]["phase"].string)
    }
  }
}

extension JSON {
  /// How many pods a ResourceQuota allows.
  fileprivate var podLimit: Int? {
    let hard = self["spec"]["hard"]
    let limit = hard["pods"].isNull ? hard["count/pods"] : hard["pods"]
    return limit.int ?? limit.string.flatMap(Int.init)
  }
}
