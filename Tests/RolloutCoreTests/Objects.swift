import KubernetesObjects

/// Kubernetes objects for tests, with everything as it should be where nothing is said.
enum Objects {
  static func deployment(
    image: String = "harbor/octave/web:v2", generation: Int = 2, observed: Int? = nil, replicas: Int = 2,
    updated: Int = 2, old: Int = 0, ready: Int? = nil, available: Int? = nil, paused: Bool = false,
    conditions: [Condition] = [], uid: String = "dep", revision: String = "2", deadline: Int? = 600
  ) -> Deployment {
    Deployment(
      metadata: ObjectMeta(
        name: "web", namespace: "octave", uid: uid, resourceVersion: "100", generation: generation,
        creationTimestamp: Timestamp(seconds: 1000), annotations: ["deployment.kubernetes.io/revision": revision]),
      spec: DeploymentSpec(
        replicas: replicas, paused: paused, progressDeadlineSeconds: deadline,
        selector: LabelSelector(matchLabels: ["app": "web"]),
        template: PodTemplate(
          labels: ["app": "web"], spec: PodSpec(containers: [Container(name: "web", image: image)]))),
      status: DeploymentStatus(
        observedGeneration: observed ?? generation, replicas: updated + old, updatedReplicas: updated,
        readyReplicas: ready ?? replicas, availableReplicas: available ?? replicas, conditions: conditions))
  }

  static func replicaSet(
    _ name: String = "web-new", image: String = "harbor/octave/web:v2", revision: String = "2", owner: String = "dep"
  ) -> ReplicaSet {
    ReplicaSet(
      metadata: ObjectMeta(
        name: name, uid: name, labels: ["app": "web", "pod-template-hash": name],
        annotations: ["deployment.kubernetes.io/revision": revision],
        ownerReferences: [OwnerReference(kind: "Deployment", name: "web", uid: owner)]),
      spec: ReplicaSetSpec(template: PodTemplate(spec: PodSpec(containers: [Container(name: "web", image: image)]))))
  }

  /// A pod of `web-new` whose container `web` has that status.
  static func pod(
    _ status: ContainerStatus, name: String = "web-new-1", set: String = "web-new", ready: Bool? = nil,
    initial: [ContainerStatus] = [], probe: Probe? = nil, liveness: Probe? = nil, startup: Probe? = nil,
    memory: String? = nil, phase: String = "Running", reason: String = "", conditions: [Condition] = [],
    deleted: Bool = false, sidecars: [String] = [], image: String = "harbor/octave/web:v2", node: String = ""
  ) -> Pod {
    Pod(
      metadata: ObjectMeta(
        name: name, uid: name, deletionTimestamp: deleted ? Timestamp(seconds: 2000) : nil,
        labels: ["app": "web", "pod-template-hash": set],
        ownerReferences: [OwnerReference(kind: "ReplicaSet", name: set, uid: set)]),
      spec: PodSpec(
        containers: [
          Container(
            name: "web", image: image, readinessProbe: probe, livenessProbe: liveness, startupProbe: startup,
            resources: memory.map { ContainerResources(limits: ["memory": $0]) })
        ],
        initContainers: initial.map {
          Container(
            name: $0.name, image: "init:1", restartPolicy: sidecars.contains($0.name) ? "Always" : "")
        }, nodeName: node),
      status: PodStatus(
        phase: phase, reason: reason,
        conditions: conditions + [Condition(type: "Ready", status: ready ?? status.ready ? "True" : "False")],
        initContainerStatuses: initial, containerStatuses: [status]))
  }

  static func running(ready: Bool = true, restarts: Int = 0, lastExit: Termination? = nil) -> ContainerStatus {
    ContainerStatus(
      name: "web", ready: ready, restartCount: restarts, state: .running(startedAt: nil),
      lastState: lastExit.map(ContainerState.terminated) ?? .waiting(reason: "", message: ""))
  }

  static func waiting(
    _ reason: String, _ message: String = "", restarts: Int = 0, lastExit: Termination? = nil, name: String = "web"
  ) -> ContainerStatus {
    ContainerStatus(
      name: name, restartCount: restarts, state: .waiting(reason: reason, message: message),
      lastState: lastExit.map(ContainerState.terminated) ?? .waiting(reason: "", message: ""))
  }

  static func terminated(_ exit: Termination, restarts: Int = 0, name: String = "web") -> ContainerStatus {
    ContainerStatus(name: name, restartCount: restarts, state: .terminated(exit))
  }

  /// An event about a pod, or about its container `web`.
  static func event(
    _ reason: String, _ message: String, pod: String = "web-new-1", container: String? = nil, at second: Int64? = nil
  ) -> Event {
    Event(
      metadata: ObjectMeta(name: reason + message, uid: reason + message),
      involvedObject: ObjectReference(
        kind: "Pod", name: pod, uid: pod, fieldPath: container.map { "spec.containers{\($0)}" } ?? ""),
      reason: reason, message: message, type: "Warning", lastTimestamp: second.map { Timestamp(seconds: $0) })
  }

  static func exit(_ code: Int, _ reason: String = "Error", message: String = "") -> Termination {
    Termination(exitCode: code, reason: reason, message: message)
  }
}
