/// Annotations by which the deployment controller keeps its books on ReplicaSets and Deployments.
enum DeploymentAnnotation {
  static let revision = "deployment.kubernetes.io/revision"
  static let revisionHistory = "deployment.kubernetes.io/revision-history"
  static let desiredReplicas = "deployment.kubernetes.io/desired-replicas"
  static let maxReplicas = "deployment.kubernetes.io/max-replicas"
  static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
  static let rollbackTo = "deprecated.deployment.rollback.to"

  /// What is never copied from a Deployment to its ReplicaSets.
  static let notCopied: Set<String> = [
    revision, revisionHistory, desiredReplicas, maxReplicas, lastApplied, rollbackTo,
  ]
}

/// The label that tells the pods of one ReplicaSet of a Deployment from those of another.
let podTemplateHashLabel = "pod-template-hash"

/// Reading Deployments, ReplicaSets and pods.
extension JSON {
  /// `spec.replicas`, one where it is not given.
  var desiredReplicas: Int { self["spec"]["replicas"].int ?? 1 }
  var statusReplicas: Int { self["status"]["replicas"].int ?? 0 }
  var updatedReplicas: Int { self["status"]["updatedReplicas"].int ?? 0 }
  var readyReplicas: Int { self["status"]["readyReplicas"].int ?? 0 }
  var availableReplicas: Int { self["status"]["availableReplicas"].int ?? 0 }
  var terminatingReplicas: Int { self["status"]["terminatingReplicas"].int ?? 0 }
  var observedGeneration: Int { self["status"]["observedGeneration"].int ?? 0 }
  var minReadySeconds: Int { self["spec"]["minReadySeconds"].int ?? 0 }
  var isRollingUpdate: Bool { self["spec"]["strategy"]["type"].string != "Recreate" }

  /// Seconds without progress after which a rollout has failed; `nil` where there is no such limit.
  var progressDeadline: Int? {
    let seconds = self["spec"]["progressDeadlineSeconds"].int
    return seconds == Int(Int32.max) ? nil : seconds
  }

  /// How many pods a rolling update may have beyond the desired number.
  var maxSurge: Int { isRollingUpdate ? fenceposts.surge : 0 }

  /// How many pods a rolling update may be short of the desired number.
  var maxUnavailable: Int {
    guard isRollingUpdate, desiredReplicas > 0 else { return 0 }
    return Swift.min(fenceposts.unavailable, desiredReplicas)
  }

  private var fenceposts: (surge: Int, unavailable: Int) {
    let rolling = self["spec"]["strategy"]["rollingUpdate"]
    let surge = rolling["maxSurge"].resolved(of: desiredReplicas, roundingUp: true)
    let unavailable = rolling["maxUnavailable"].resolved(of: desiredReplicas, roundingUp: false)
    // Neither more nor fewer: nothing could ever move, so one pod may be missing.
    return surge == 0 && unavailable == 0 ? (0, 1) : (surge, unavailable)
  }

  /// A number, or a percentage of `total`.
  private func resolved(of total: Int, roundingUp: Bool) -> Int {
    if let number = int { return number }
    guard let text = string, text.hasSuffix("%"), let percent = Int(text.dropLast()) else { return 0 }
    return roundingUp ? (total * percent + 99) / 100 : total * percent / 100
  }

  /// The pod template without the hash label, which is what makes two templates the same.
  var comparableTemplate: JSON {
    var template = self["spec"]["template"]
    template["metadata"]["labels"][podTemplateHashLabel] = .null
    if template["metadata"]["labels"].members.isEmpty { template["metadata"]["labels"] = .null }
    template["metadata"]["creationTimestamp"] = .null
    return template
  }

  /// Whether a pod still counts: neither ended nor being deleted.
  var isActivePod: Bool {
    let phase = self["status"]["phase"].string
    return phase != "Succeeded" && phase != "Failed" && !isBeingDeleted
  }

  var isReadyPod: Bool { condition("Ready")["status"].string == "True" }

  /// When a ready pod has been so for that many seconds; `nil` where it is not ready.
  func availableAt(minReadySeconds: Int) -> Timestamp? {
    let ready = condition("Ready")
    guard ready["status"].string == "True" else { return nil }
    guard let since = Timestamp(ready["lastTransitionTime"].string ?? "") else { return nil }
    return since + .seconds(minReadySeconds)
  }

  /// Puts a condition in, keeping the old one where neither its status nor its reason differs, and the time of the
  /// last transition where the status does not.
  mutating func setCondition(_ condition: JSON) {
    var conditions = self["status"]["conditions"].elements
    var condition = condition
    if let old = conditions.first(where: { $0["type"] == condition["type"] }) {
      if old["status"] == condition["status"], old["reason"] == condition["reason"] { return }
      if old["status"] == condition["status"] { condition["lastTransitionTime"] = old["lastTransitionTime"] }
    }
    conditions.removeAll { $0["type"] == condition["type"] }
    conditions.append(condition)
    self["status"]["conditions"] = .array(conditions)
  }

  mutating func removeCondition(_ type: String) {
    let kept = self["status"]["conditions"].elements.filter { $0["type"].string != type }
    self["status"]["conditions"] = kept.isEmpty ? .null : .array(kept)
  }

  /// Writes a count into the status, leaving it out where it is zero.
  mutating func setCount(_ name: String, _ value: Int) {
    self["status"][name] = value == 0 ? .null : JSON(value)
  }
}

extension ClusterState {
  /// A condition of a Deployment or ReplicaSet that begins now.
  func condition(_ type: String, _ status: String, _ reason: String, _ message: String, updates: Bool = true) -> JSON {
    var condition: JSON = [
      "type": .string(type), "status": .string(status), "lastTransitionTime": .string(now.seconds),
      "reason": .string(reason), "message": .string(message),
    ]
    if updates { condition["lastUpdateTime"] = .string(now.seconds) }
    return condition
  }
}
