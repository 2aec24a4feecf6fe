/// Work of the cluster's own parts, done when its time comes.
enum Work: Hashable, Sendable {
  case deployment(ObjectKey)
  /// A deadline of a Deployment's rollout may have passed.
  case deploymentCheck(ObjectKey)
  case replicaSet(ObjectKey)
  /// A pod of a ReplicaSet may have become available.
  case replicaSetCheck(ObjectKey)
  case bind(ObjectKey)
  /// One container of a pod moves on. The uid keeps a namesake from being touched.
  case container(ObjectKey, uid: String, index: Int)
  case endPod(ObjectKey, uid: String)
  /// Something that may own others is gone or going.
  case collect(type: ResourceType, ObjectKey, uid: String)
  case namespace(String)
  case quota(ObjectKey)
  case forgetEvents
  case bookmark(watch: Int)
  case endWatch(Int)
}

/// The whole cluster as a value: objects, controllers, scheduler, kubelets and watches, without I/O and without a
/// clock of its own.
///
/// Requests come in through `respond(to:from:)`; time passes only in `advance(to:)`, which does all work that is due on the
/// way, in order. The same calls with the same seed give the same result. Lines for watchers collect in `outbox`.
struct ClusterState: Sendable {
  var timing: ClusterTiming
  var store: ObjectStore
  var timers = TimerQueue<Work>()
  var random: RandomNames
  /// The cluster's time.
  private(set) var now: Timestamp

  /// Failed attempts of a controller in a row, by what it worked on.
  var failures: [Work: Int] = [:]
  var containers: [ContainerKey: ContainerRuntime] = [:]
  var pulledImages: Set<String> = []
  /// How many pods are bound to each node.
  var podsOnNode: [String: Int] = [:]
  /// Pods that found no room on any node, in the order in which they were refused.
  var unplaced: [ObjectKey] = []
  var events = EventCorrelator()
  var watches: [Int: Watch] = [:]
  /// The open watches that a change may concern, in the order of their opening.
  var watchOrder: [WatchIndex: [Int]] = [:]
  var nextWatch = 1
  var outbox: [WatchOutput] = []
  /// Digests that nodes report for images, by reference; others get one made from the reference.
  var imageDigests: [String: String] = [:]
  var writeLog = WriteLog()

  init(timing: ClusterTiming, seed: UInt64, now: Timestamp, historyLimit: Int = 1000, nodes: Int = 2) {
    self.timing = timing
    self.now = now
    store = ObjectStore(historyLimit: historyLimit)
    random = RandomNames(seed: seed)
    for name in ["default", "kube-system", "kube-public"] { installNamespace(name) }
    for number in 1...max(1, nodes) { installNode("sim-node-\(number)", number) }
    timers.schedule(.forgetEvents, at: now + timing.eventLifetime)
    deliver()
  }

  /// Lets time pass to that moment, doing on the way all that becomes due.
  mutating func advance(to moment: Timestamp) {
    while let (work, due) = timers.next(dueBy: moment) {
      now = max(now, due)
      perform(work)
      deliver()
    }
    now = max(now, moment)
  }

  /// When there is work next.
  mutating func nextDue() -> Timestamp? { timers.nextDue() }

  private mutating func perform(_ work: Work) {
    do throws(APIStatus) {
      switch work {
      case .deployment(let key), .deploymentCheck(let key): try syncDeployment(key)
      case .replicaSet(let key), .replicaSetCheck(let key): try syncReplicaSet(key)
      case .bind(let key): bindPod(key)
      case .container(let key, let uid, let index): advanceContainer(key, uid: uid, index: index)
      case .endPod(let key, let uid): endPod(key, uid: uid)
      case .collect(let type, let key, let uid): try collectGarbage(type, key, uid: uid)
      case .namespace(let name): try finishNamespace(name)
      case .quota(let key): refreshQuota(key)
      case .forgetEvents: forgetOldEvents()
      case .bookmark(let watch): sendBookmark(watch)
      case .endWatch(let watch): endWatch(watch)
      }
      failures[work.retried] = nil
    } catch {
      // A controller that fails tries again, slower each time: 5 ms doubled, as client-go's work queues do.
      let count = failures[work.retried, default: 0]
      failures[work.retried] = count + 1
      let latency =
        if case .deployment = work.retried { timing.deploymentController } else { timing.replicaSetController }
      timers.schedule(work.retried, at: now + latency + timing.retry * (1 << min(count, 16)))
    }
  }

  /// Hands what was written to watches and to the parts that act on it.
  mutating func deliver() {
    while !store.undelivered.isEmpty {
      let changes = store.undelivered
      store.undelivered = []
      for change in changes {
        react(to: change)
        offerToAll(change)
      }
    }
  }

  private mutating func react(to change: Change) {
    let object = change.object
    let key = object.key
    switch change.type {
    case .deployments:
      if change.kind != .deleted { timers.schedule(.deployment(key), at: now + timing.deploymentController) }
      collectIfOwner(change)
    case .replicaSets:
      if change.kind != .deleted { timers.schedule(.replicaSet(key), at: now + timing.replicaSetController) }
      for owner in [object.controllerOwner, change.previous?.controllerOwner].compactMap({ $0 }) {
        timers.schedule(
          .deployment(ObjectKey(namespace: key.namespace, name: owner)), at: now + timing.deploymentController)
      }
      collectIfOwner(change)
    case .pods:
      for owner in [object.controllerOwner, change.previous?.controllerOwner].compactMap({ $0 }) {
        timers.schedule(
          .replicaSet(ObjectKey(namespace: key.namespace, name: owner)), at: now + timing.replicaSetController)
      }
      podChanged(change)
    case .nodes:
      for pod in store.objects(.pods) where pod["spec"]["nodeName"].isNull {
        timers.schedule(.bind(pod.key), at: now + timing.scheduler)
      }
    case .resourceQuotas: timers.schedule(.quota(key), at: now + timing.garbageCollector)
    case .namespaces:
      if object.isBeingDeleted { timers.schedule(.namespace(key.name), at: now + timing.garbageCollector) }
    default: break
    }
    if change.kind == .deleted, change.type != .namespaces, change.type.isNamespaced,
      store.object(.namespaces, ObjectKey(namespace: "", name: key.namespace))?.isBeingDeleted == true
    {
      timers.schedule(.namespace(key.namespace), at: now + timing.garbageCollector)
    }
  }

  private mutating func collectIfOwner(_ change: Change) {
    let object = change.object
    guard change.kind == .deleted || object.isBeingDeleted else { return }
    // Siblings are taken one after the other, the newest revision first.
    let before = store.owned(by: object.controllerUID ?? "-", type: change.type).count {
      $0.isBeingDeleted && $0.revision > object.revision
    }
    if change.kind == .deleted || change.previous?.isBeingDeleted != true {
      timers.schedule(
        .collect(type: change.type, object.key, uid: object.uid),
        at: now + timing.garbageCollector + timing.garbageCollectorPace * before)
    }
    // A dependent that goes may be what its owner's deletion waits for.
    for reference in object.ownerReferences where reference["kind"] == "Deployment" {
      let key = ObjectKey(namespace: object.namespace, name: reference["name"].string ?? "")
      timers.schedule(
        .collect(type: .deployments, key, uid: reference["uid"].string ?? ""), at: now + timing.garbageCollector)
    }
  }

  private mutating func podChanged(_ change: Change) {
    let pod = change.object
    if let node = change.previous?["spec"]["nodeName"].string { podsOnNode[node, default: 0] -= 1 }
    if change.kind != .deleted, let node = pod["spec"]["nodeName"].string { podsOnNode[node, default: 0] += 1 }
    if change.kind == .deleted {
      forgetPod(pod)
      retryUnschedulable()
      for reference in pod.ownerReferences where reference["kind"] == "ReplicaSet" {
        let key = ObjectKey(namespace: pod.namespace, name: reference["name"].string ?? "")
        timers.schedule(
          .collect(type: .replicaSets, key, uid: reference["uid"].string ?? ""), at: now + timing.garbageCollector)
        // The deployment controller looks at pods too, for the strategy that waits until all old ones are gone.
        if let owner = store.object(.replicaSets, key)?.controllerOwner {
          timers.schedule(
            .deployment(ObjectKey(namespace: key.namespace, name: owner)), at: now + timing.deploymentController)
        }
      }
    } else if pod["spec"]["nodeName"].isNull {
      guard change.kind == .added else { return }
      let waiting = store.owned(by: pod.controllerUID ?? "-", type: .pods).count { sibling in
        sibling["spec"]["nodeName"].isNull && sibling.resourceNumber < pod.resourceNumber
      }
      timers.schedule(.bind(pod.key), at: now + timing.scheduler + timing.schedulerPace * min(waiting, 10))
    } else if pod.isBeingDeleted, change.previous?.isBeingDeleted != true {
      timers.schedule(.endPod(pod.key, uid: pod.uid), at: now + timing.termination)
    } else if change.previous?["spec"]["nodeName"].isNull != false, !pod.isBeingDeleted {
      startPod(pod)
    }
    if change.kind != .modified {
      for quota in store.objects(.resourceQuotas, namespace: pod.namespace) {
        timers.schedule(.quota(quota.key), at: now + timing.garbageCollector)
      }
    }
  }
}

extension Work {
  /// What is tried again when this fails.
  fileprivate var retried: Work {
    switch self {
    case .deploymentCheck(let key): .deployment(key)
    case .replicaSetCheck(let key): .replicaSet(key)
    default: self
    }
  }
}

extension JSON {
  /// The resource version as the number that it is here.
  var resourceNumber: Int64 { Int64(resourceVersion) ?? 0 }

  /// The name of the owner that controls this object.
  var controllerOwner: String? { ownerReferences.first { $0["controller"].bool == true }?["name"].string }
}
