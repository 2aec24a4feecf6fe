/// The kubelets: containers that pull, run, become ready, crash and restart, all of it imitated.
extension ClusterState {
  /// A pod was bound to a node: its kubelet takes it up a little later.
  mutating func startPod(_ pod: JSON) {
    timers.schedule(.container(pod.key, uid: pod.uid, index: -1), at: now + timing.kubelet)
  }

  mutating func forgetPod(_ pod: JSON) {
    for index in -1..<max(0, pod.allContainers.count) {
      containers[ContainerKey(pod: pod.uid, index: index)] = nil
      timers.cancel(.container(pod.key, uid: pod.uid, index: index))
    }
  }

  /// The end of a pod whose deletion was asked for: its grace is over, then it is gone.
  mutating func endPod(_ key: ObjectKey, uid: String) {
    guard var pod = store.object(.pods, key), pod.uid == uid else { return }
    pod["metadata"]["deletionGracePeriodSeconds"] = 0
    pod["metadata"]["deletionTimestamp"] = .string(now.seconds)
    store.put(.pods, pod)
    store.remove(.pods, key)
  }

  /// Moves one container on, or for index -1 takes the pod up.
  mutating func advanceContainer(_ key: ObjectKey, uid: String, index: Int) {
    guard let pod = store.object(.pods, key), pod.uid == uid, !pod.isBeingDeleted else { return }
    if index < 0 { return admit(pod) }
    guard let container = containers[ContainerKey(pod: uid, index: index)] else { return }
    let behaviour = ImageBehaviour(image: pod.allContainers[index]["image"].string ?? "")
    switch (container.stage, behaviour) {
    case (.pulling, .missing): failPull(pod, index)
    case (.pulling, .blip) where container.pullAttempts == 0: failPull(pod, index)
    case (.pullFailed, _): backOffPull(pod, index)
    case (.pullBackOff, .blip): pull(pod, index)
    case (.pullBackOff, _):
      say(pod, index, "Normal", "Pulling", "Pulling image \"\(pod.image(index))\"")
      failPull(pod, index)
    case (.pulling, .misconfigured), (.misconfigured, _): refuseConfiguration(pod, index)
    case (.pulling, _), (.crashBackOff, _): start(pod, index)
    case (.running, .unalive):
      say(pod, index, "Warning", "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 500")
      let name = pod.allContainers[index]["name"].string ?? ""
      say(pod, index, "Normal", "Killing", "Container \(name) failed liveness probe, will be restarted")
      exit(pod, index)
    case (.running, _) where behaviour.end(ofRun: container.restarts) != nil && behaviour != .flapping:
      exit(pod, index)
    case (.ready, .flapping): exit(pod, index)
    case (.running, .hanging):
      say(
        pod, index, "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
      move(pod, index, to: .running, after: timing.probeReport)
    case (.running, _) where pod.isInit(index) && !pod.isSidecar(index): complete(pod, index)
    case (.running, _): becomeReady(pod, index)
    case (.exited, _):
      if container.restarts == 0 { start(pod, index) } else { backOffCrash(pod, index) }
    case (.ready, _), (.completed, _): break
    }
  }

  /// The kubelet's first act: addresses, conditions, and the first containers' images.
  private mutating func admit(_ pod: JSON) {
    var pod = pod
    let count = pod.allContainers.count
    let wait = pod.annotations["sim/ready-after-ms"].flatMap(Int.init).map { Duration.milliseconds($0) }
    for index in 0..<count {
      containers[ContainerKey(pod: pod.uid, index: index)] = ContainerRuntime(
        readyDue: now + (wait ?? timing.readyAfter))
    }
    let initCount = pod.initCount
    pod["status"]["startTime"] = .string(now.seconds)
    let host: JSON = .string("10.0.0.\((pod["spec"]["nodeName"].string ?? "1").filter(\.isNumber))")
    pod["status"]["hostIP"] = host
    pod["status"]["hostIPs"] = [["ip": host]]
    let number = random.next()
    let address: JSON = .string("10.244.\(number % 250).\(number / 250 % 250 + 2)")
    pod["status"]["podIP"] = address
    pod["status"]["podIPs"] = [["ip": address]]
    let scheduled = pod["status"]["conditions"].elements
    pod["status"]["conditions"] = .null
    setPodCondition(&pod, "PodReadyToStartContainers", true)
    setPodCondition(&pod, "Initialized", initCount == 0)
    for type in ["Ready", "ContainersReady"] { setPodCondition(&pod, type, false) }
    pod["status"]["conditions"].elements.append(contentsOf: scheduled)
    for index in 0..<count {
      pod.setStatus(
        index,
        [
          "name": pod.allContainers[index]["name"],
          "state": ["waiting": ["reason": initCount > 0 ? "PodInitializing" : "ContainerCreating"]],
          "lastState": .object([:]), "ready": false, "restartCount": 0,
          "image": .string(pod.image(index)), "imageID": "", "started": false,
        ])
    }
    write(pod)
    for index in 0..<(initCount > 0 ? 1 : count) { pull(pod, index) }
  }

  private mutating func pull(_ pod: JSON, _ index: Int) {
    say(pod, index, "Normal", "Pulling", "Pulling image \"\(pod.image(index))\"")
    move(pod, index, to: .pulling, after: timing.imagePull)
  }

  private mutating func failPull(_ pod: JSON, _ index: Int) {
    let image = pod.image(index)
    let isBlip = ImageBehaviour(image: image) == .blip
    let cause =
      "rpc error: code = \(isBlip ? "Unknown" : "NotFound") desc = failed to pull and unpack image \"\(image)\": "
      + "failed to resolve reference \"\(image)\": "
      + (isBlip ? "unexpected status from HEAD request: 503 Service Unavailable" : "\(image): not found")
    say(pod, index, "Warning", "Failed", "Failed to pull image \"\(image)\": \(cause)")
    say(pod, index, "Warning", "Failed", "Error: ErrImagePull")
    var pod = pod
    pod.setState(index, "waiting", ["reason": "ErrImagePull", "message": .string(cause)])
    write(pod)
    let attempt = containers[ContainerKey(pod: pod.uid, index: index)]?.pullAttempts ?? 0
    move(pod, index, to: .pullFailed, after: timing.imageBackOff * (1 << min(attempt, 8)))
  }

  private mutating func backOffPull(_ pod: JSON, _ index: Int) {
    let image = pod.image(index)
    let cause = pod.status(index)["state"]["waiting"]["message"].string ?? ""
    say(pod, index, "Normal", "BackOff", "Back-off pulling image \"\(image)\"")
    say(pod, index, "Warning", "Failed", "Error: ImagePullBackOff")
    var pod = pod
    let message = "Back-off pulling image \"\(image)\": ErrImagePull: \(cause)"
    pod.setState(index, "waiting", ["reason": "ImagePullBackOff", "message": .string(message)])
    write(pod)
    let key = ContainerKey(pod: pod.uid, index: index)
    containers[key]?.pullAttempts += 1
    move(
      pod, index, to: .pullBackOff,
      after: timing.imageBackOff * (1 << min(containers[key]?.pullAttempts ?? 1, 8)))
  }

  /// The image is there, and what the container's environment is made of is not.
  private mutating func refuseConfiguration(_ pod: JSON, _ index: Int) {
    let message = "secret \"\(pod.allContainers[index]["name"].string ?? "")-settings\" not found"
    say(pod, index, "Warning", "Failed", "Error: \(message)")
    var pod = pod
    pod.setState(index, "waiting", ["reason": "CreateContainerConfigError", "message": .string(message)])
    write(pod)
    move(pod, index, to: .misconfigured, after: timing.configurationRetry)
  }

  private mutating func start(_ pod: JSON, _ index: Int) {
    let key = ContainerKey(pod: pod.uid, index: index)
    let image = pod.image(index)
    let behaviour = ImageBehaviour(image: image)
    if containers[key]?.startedAt != nil { containers[key]?.restarts += 1 }
    let restarts = containers[key]?.restarts ?? 0
    let lastStart = containers[key]?.startedAt
    containers[key]?.previousStart = lastStart
    containers[key]?.startedAt = now
    var pod = pod
    var status = pod.status(index)
    let ended = status["state"]["terminated"]
    if !ended.isNull { status["lastState"] = ["terminated": ended] }
    status["state"] = ["running": ["startedAt": .string(now.seconds)]]
    status["restartCount"] = JSON(restarts)
    status["started"] = true
    status["imageID"] = .string(imageID(image))
    let digits = pod.uid.filter { $0 != "-" }
    status["containerID"] = .string("containerd://\(digits)\(digits.dropLast(4))\(pad(restarts * 16 + index))")
    pod.setStatus(index, status)
    let isReadyAtOnce = behaviour == .flapping || pod.isSidecar(index) && behaviour.end(ofRun: restarts) == nil
    if isReadyAtOnce { pod.setReady(index, true) }
    setReadiness(&pod)
    write(pod)
    let node = pod["spec"]["nodeName"].string ?? ""
    let isFirst = pulledImages.insert("\(node)/\(image)").inserted
    // An image that crashes is pulled again and again, so that its events count up as recorded.
    let took = isFirst && (behaviour == .healthy || behaviour == .hanging)
    let time = took ? "\(timing.imagePull.microseconds / 1000)ms" : "4ms"
    say(
      pod, index, "Normal", "Pulled",
      "Successfully pulled image \"\(image)\" in \(time) (\(time) including waiting). Image size: 10485760 bytes.")
    say(pod, index, "Normal", "Created", "Container created")
    if behaviour == .unstartable {
      say(pod, index, "Warning", "Failed", "Error: \(Self.startError)")
      return exit(pod, index)
    }
    say(pod, index, "Normal", "Started", "Container started")
    switch behaviour {
    case .flapping: move(pod, index, to: .ready, after: timing.flapAfter)
    case .unalive: move(pod, index, to: .running, after: timing.livenessAfter)
    case _ where behaviour.end(ofRun: restarts) != nil: move(pod, index, to: .running, after: timing.crashAfter)
    default:
      let due = containers[key]?.readyDue ?? now
      let wait = pod.isInit(index) ? .milliseconds(50) : max(.zero, due.since(now))
      if isReadyAtOnce {
        containers[key]?.stage = .ready
        continueAfter(pod, index)
      } else {
        move(pod, index, to: .running, after: wait)
      }
    }
  }

  /// What containerd says, in short, of a program that is not in the image.
  private static let startError =
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    + "unable to start container process: error during container init: exec: \"/app/server\": stat /app/server: "
    + "no such file or directory"

  private mutating func becomeReady(_ pod: JSON, _ index: Int) {
    var pod = pod
    pod.setReady(index, true)
    setReadiness(&pod)
    containers[ContainerKey(pod: pod.uid, index: index)]?.stage = .ready
    write(pod)
  }

  /// An init container has done its work: the next one's turn, or that of all others.
  private mutating func complete(_ pod: JSON, _ index: Int) {
    var pod = pod
    pod.setState(index, "terminated", ended(pod, index, exitCode: 0, reason: "Completed"))
    pod.setReady(index, true)
    if index == pod.initCount - 1 { setPodCondition(&pod, "Initialized", true) }
    containers[ContainerKey(pod: pod.uid, index: index)]?.stage = .completed
    write(pod)
    continueAfter(pod, index)
  }

  private mutating func continueAfter(_ pod: JSON, _ index: Int) {
    guard let present = store.object(.pods, pod.key), pod.isInit(index) else { return }
    if index + 1 < pod.initCount { return pull(present, index + 1) }
    var initialized = present
    setPodCondition(&initialized, "Initialized", true)
    write(initialized)
    for next in pod.initCount..<pod.allContainers.count { pull(initialized, next) }
  }

  private mutating func exit(_ pod: JSON, _ index: Int) {
    let run = containers[ContainerKey(pod: pod.uid, index: index)]?.restarts ?? 0
    let end = ImageBehaviour(image: pod.image(index)).end(ofRun: run) ?? (1, "Error")
    var pod = pod
    var state = ended(pod, index, exitCode: end.exitCode, reason: end.reason)
    if end.reason == "StartError" { state["message"] = .string(Self.startError) }
    pod.setState(index, "terminated", state)
    pod.setReady(index, false)
    setReadiness(&pod)
    write(pod)
    move(pod, index, to: .exited, after: timing.restartDecision)
  }

  private func ended(_ pod: JSON, _ index: Int, exitCode: Int, reason: String) -> JSON {
    let status = pod.status(index)
    return [
      "exitCode": JSON(exitCode), "reason": .string(reason),
      "startedAt": status["state"]["running"]["startedAt"], "finishedAt": .string(now.seconds),
      "containerID": status["containerID"],
    ]
  }

  private mutating func backOffCrash(_ pod: JSON, _ index: Int) {
    let name = pod.allContainers[index]["name"].string ?? ""
    let full = "\(pod.name)_\(pod.namespace)(\(pod.uid))"
    say(
      pod, index, "Warning", "BackOff", "Back-off restarting failed container \(name) in pod \(full)")
    let restarts = containers[ContainerKey(pod: pod.uid, index: index)]?.restarts ?? 1
    let nominal = min(300, 10 << min(restarts - 1, 5))
    let shown = nominal == 300 ? "5m0s" : nominal >= 60 ? "\(nominal / 60)m\(nominal % 60)s" : "\(nominal)s"
    var pod = pod
    var status = pod.status(index)
    status["lastState"] = ["terminated": status["state"]["terminated"]]
    pod.setStatus(index, status)
    pod.setState(
      index, "waiting",
      [
        "reason": "CrashLoopBackOff",
        "message": .string("back-off \(shown) restarting failed container=\(name) pod=\(full)"),
      ])
    write(pod)
    let wait = Int64((Double(nominal) * timing.backOffScale * 1000).rounded())
    move(pod, index, to: .crashBackOff, after: .milliseconds(wait))
  }

  private mutating func move(
    _ pod: JSON, _ index: Int, to stage: ContainerRuntime.Stage, after wait: Duration
  ) {
    containers[ContainerKey(pod: pod.uid, index: index)]?.stage = stage
    timers.schedule(.container(pod.key, uid: pod.uid, index: index), at: now + wait)
  }

  /// Phase and the two conditions that sum containers up.
  private func setReadiness(_ pod: inout JSON) {
    let statuses = pod["status"]["containerStatuses"].elements
    let isPending = statuses.contains { !$0["state"]["waiting"].isNull && $0["lastState"].members.isEmpty }
    if !isPending, pod["status"]["phase"].string == "Pending" { pod["status"]["phase"] = "Running" }
    let unready = statuses.filter { $0["ready"].bool != true }.compactMap { $0["name"].string }
    for type in ["Ready", "ContainersReady"] {
      if unready.isEmpty {
        setPodCondition(&pod, type, true)
      } else {
        let message = "containers with unready status: [\(unready.joined(separator: " "))]"
        setPodCondition(&pod, type, false, "ContainersNotReady", message)
      }
    }
  }

  private mutating func write(_ pod: JSON) {
    var new = pod
    let statuses = new["status"]["conditions"].elements
    if statuses.contains(where: { $0["type"].string == "Ready" && $0["status"].string == "False" }) {
      setReadiness(&new)
    }
    let old = store.object(.pods, pod.key)
    ManagedFields.record(old: old, new: &new, type: .pods, subresource: "status", options: .kubelet, at: now)
    store.put(.pods, new)
  }

  private mutating func say(_ pod: JSON, _ index: Int, _ type: String, _ reason: String, _ message: String) {
    let list = pod.isInit(index) ? "initContainers" : "containers"
    let name = pod.allContainers[index]["name"].string ?? ""
    record(
      .kubelet(node: pod["spec"]["nodeName"].string ?? ""), pod, type, reason, message,
      fieldPath: "spec.\(list){\(name)}")
  }

  /// What a node reports as the identity of an image: the digest that the reference pins, or a made-up one.
  func imageID(_ image: String) -> String {
    let name = image.prefix { $0 != "@" }
    let lastSlash = name.lastIndex(of: "/") ?? name.startIndex
    let repository = name[lastSlash...].firstIndex(of: ":").map { name[..<$0] } ?? name
    if let known = imageDigests[image] { return "\(repository)@\(known)" }
    if let at = image.firstIndex(of: "@") { return "\(repository)\(image[at...])" }
    return "\(repository)@sha256:\(RandomNames.digest(image))"
  }

  private func pad(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}

/// A pod's containers and their statuses under one numbering, init containers first.
extension JSON {
  var initCount: Int { self["spec"]["initContainers"].elements.count }
  var allContainers: [JSON] { self["spec"]["initContainers"].elements + self["spec"]["containers"].elements }
  func image(_ index: Int) -> String { allContainers[index]["image"].string ?? "" }
  func isInit(_ index: Int) -> Bool { index < initCount }
  func isSidecar(_ index: Int) -> Bool { isInit(index) && allContainers[index]["restartPolicy"].string == "Always" }

  func status(_ index: Int) -> JSON {
    isInit(index)
      ? self["status"]["initContainerStatuses"][index] : self["status"]["containerStatuses"][index - initCount]
  }

  mutating func setStatus(_ index: Int, _ status: JSON) {
    let list = isInit(index) ? "initContainerStatuses" : "containerStatuses"
    let place = isInit(index) ? index : index - initCount
    var statuses = self["status"][list].elements
    if place < statuses.count { statuses[place] = status } else { statuses.append(status) }
    self["status"][list] = .array(statuses)
  }

  mutating func setState(_ index: Int, _ state: String, _ value: JSON) {
    var status = self.status(index)
    status["state"] = .object([state: value])
    if state != "running" { status["started"] = false }
    setStatus(index, status)
  }

  mutating func setReady(_ index: Int, _ isReady: Bool) {
    var status = self.status(index)
    status["ready"] = .bool(isReady)
    setStatus(index, status)
  }
}
