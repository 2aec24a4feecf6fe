import KubernetesObjects
import Locking
import RollbackMessages
import RolloutCore

@testable import RollbackService

/// One Deployment whose rollouts go as the test says.
final class FakeCluster: Cluster {
  struct State: Sendable {
    var deployment: Deployment?
    /// Answers to the next patches; `nil`: it is applied.
    var patchAnswers: [PatchAnswer?] = []
    /// Applied although the answer says otherwise.
    var appliesAnyway = false
    /// Those that brought an image in.
    var effectivePatches = 0
    /// The deploys whose patches were made worthless.
    var fenced: [String] = []
    var reads = 0
    /// Nil: it cannot be found out.
    var isAutoscaled: Bool? = false
    var unreadable = 0
    /// The reads, by their number, that are told to come again after two seconds.
    var busyReads: Set<Int> = []
    /// No read is answered, until the asking is given up.
    var isSilent = false
    var currentLog = LogAnswer.text("KeyError: 'DB_POOL'")
    var previousLog = LogAnswer.text("KeyError: 'DB_POOL'")
  }

  /// What the cluster makes of an applied patch.
  enum Course: Sendable {
    case ready, never
    case supersededBy(String)
    /// This image's rollout never moves and fails by its deadline; others become ready.
    case failing(String)
    /// The first new pod waits with `ErrImagePull` and this message.
    case cannotPull(String)
    /// Ready, and each pod reports this image id.
    case running(imageID: String)
    /// A new pod crashes beside an old one that serves.
    case crashing
  }

  /// What is answered when a log is asked for.
  enum LogAnswer: Sendable {
    case text(String), nothing, fails
    /// No answer, until the asking is given up.
    case silence
  }

  let state: Locked<State>
  let course: Course

  init(image: String, course: Course = .ready) {
    self.course = course
    state = Locked(State(deployment: Self.deployment(image: image, generation: 1)))
  }

  static func deployment(image: String, generation: Int, annotations: [String: String] = [:], isDone: Bool = true)
    -> Deployment
  {
    let container = Container(name: "hello", image: image)
    return Deployment(
      metadata: ObjectMeta(
        name: "hello", namespace: "octave", uid: "uid-1", resourceVersion: "\(generation * 10)", generation: generation,
        annotations: annotations),
      spec: DeploymentSpec(replicas: 2, template: PodTemplate(spec: PodSpec(containers: [container]))),
      status: DeploymentStatus(
        observedGeneration: isDone ? generation : generation - 1, replicas: 2, updatedReplicas: isDone ? 2 : 0,
        readyReplicas: 2, availableReplicas: 2))
  }

  var effectivePatches: Int { state.withLock { $0.effectivePatches } }

  func deployment(_ name: String, in namespace: String) async throws -> Deployment? {
    if state.withLock({ $0.isSilent }) { try await beSilent() }
    return try state.withLock { state in
      state.reads += 1
      if state.unreadable > 0 {
        state.unreadable -= 1
        throw ServiceError(.unavailable, "the API server cannot be reached")
      }
      if state.busyReads.contains(state.reads) {
        throw ServiceError(.unavailable, "too many requests", retryAfter: .seconds(2))
      }
      return state.deployment
    }
  }

  func isAutoscaled(_ name: String, in namespace: String) async throws -> Bool {
    guard let known = state.withLock({ $0.isAutoscaled }) else {
      throw ServiceError(.unavailable, "the API server refuses our credentials")
    }
    return known
  }

  func patch(_ name: String, in namespace: String, with patch: ImagePatch) async throws -> PatchAnswer {
    state.withLock { state in
      let scripted = state.patchAnswers.isEmpty ? nil : state.patchAnswers.removeFirst()
      // As the API server does with one that was decided on an older object.
      if scripted == nil, let version = state.deployment?.metadata.resourceVersion, version != patch.resourceVersion {
        return .conflict("the object has been modified")
      }
      if scripted == nil || state.appliesAnyway { apply(patch, &state) }
      if let scripted { return scripted }
      guard let deployment = state.deployment else { return .notFound }
      return .applied(deployment, serverDate: Timestamp(seconds: 1))
    }
  }

  private func apply(_ patch: ImagePatch, _ state: inout State) {
    func value(of key: String) -> String {
      guard let start = patch.json.range(of: "\"\(key)\":\"") else { return "" }
      return String(patch.json[start.upperBound...].prefix { $0 != "\"" })
    }
    if !value(of: ImagePatch.fenceAnnotation).isEmpty {
      state.fenced.append(value(of: ImagePatch.fenceAnnotation))
      return
    }
    state.effectivePatches += 1
    let generation = (state.deployment?.metadata.generation ?? 0) + 1
    var annotations = state.deployment?.metadata.annotations ?? [:]
    for key in [ImagePatch.deployIDAnnotation, ImagePatch.revertedAnnotation] where !value(of: key).isEmpty {
      annotations[key] = value(of: key)
    }
    state.deployment = Self.deployment(
      image: value(of: "image"), generation: generation, annotations: annotations, isDone: false)
  }

  func follow(_ deployment: Deployment, into mailbox: OperationMailbox) async {
    let image = deployment.spec.template.spec.containers.first?.image ?? ""
    let generation = deployment.metadata.generation
    switch course {
    case .ready: mailbox.post([.deployment(Self.deployment(image: image, generation: generation))])
    case .supersededBy(let other):
      mailbox.post([.deployment(Self.deployment(image: other, generation: generation + 1))])
    case .failing(let bad) where image == bad:
      var failed = Self.deployment(image: image, generation: generation, annotations: deployment.metadata.annotations)
      failed.status.updatedReplicas = 1
      failed.status.conditions = [
        Condition(type: "Progressing", status: "True", reason: "ReplicaSetUpdated")
      ]
      mailbox.post([.deployment(failed)])
      failed.status.conditions = [
        Condition(type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded")
      ]
      mailbox.post([.deployment(failed)])
    case .failing:
      mailbox.post([
        .deployment(
          Self.deployment(image: image, generation: generation, annotations: deployment.metadata.annotations))
      ])
    case .cannotPull(let message):
      mailbox.post(
        Self.objects(
          image, generation, isDone: false,
          ContainerStatus(name: "hello", state: .waiting(reason: "ErrImagePull", message: message))))
    case .running(let imageID):
      mailbox.post(
        Self.objects(
          image, generation, isDone: true,
          ContainerStatus(name: "hello", imageID: imageID, ready: true, state: .running(startedAt: nil))))
    case .never: break
    case .crashing: mailbox.post(Self.crash(image: image, generation: generation))
    }
  }

  /// The Deployment, the ReplicaSet of its template and one pod of it.
  private static func objects(
    _ image: String, _ generation: Int, isDone: Bool, _ container: ContainerStatus
  ) -> [ClusterObservation] {
    let revision = ["deployment.kubernetes.io/revision": "2"]
    let template = PodTemplate(spec: PodSpec(containers: [Container(name: "hello", image: image)]))
    var deployment = deployment(image: image, generation: generation, annotations: revision)
    if !isDone { deployment.status.updatedReplicas = 1 }
    let set = ReplicaSet(
      metadata: ObjectMeta(
        name: "hello-1", uid: "set", labels: ["pod-template-hash": "1"], annotations: revision,
        ownerReferences: [OwnerReference(kind: "Deployment", name: "hello", uid: "uid-1")]),
      spec: ReplicaSetSpec(template: template))
    let pod = Pod(
      metadata: ObjectMeta(
        name: "hello-1-a", uid: "pod", labels: ["pod-template-hash": "1"],
        ownerReferences: [OwnerReference(kind: "ReplicaSet", name: "hello-1", uid: "set")]),
      spec: template.spec,
      status: PodStatus(
        phase: "Running", conditions: [Condition(type: "Ready", status: container.ready ? "True" : "False")],
        containerStatuses: [container]))
    return [.deployment(deployment), .replicaSet(set), .pod(pod)]
  }

  func log(of pod: String, container: String, in namespace: String, previous: Bool, lines: Int) async throws -> String?
  {
    switch state.withLock({ previous ? $0.previousLog : $0.currentLog }) {
    case .text(let text): return text
    case .nothing: return nil
    case .fails: throw ServiceError(.unavailable, "the log could not be read")
    case .silence: try await beSilent()
    }
  }

  /// Ends with the task.
  private func beSilent() async throws -> Never {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    for await _ in stream {}
    withExtendedLifetime(continuation) {}
    throw CancellationError()
  }

  /// Two restarts of a new pod on another node than the old one's.
  private static func crash(image: String, generation: Int) -> [ClusterObservation] {
    var deployment = deployment(image: image, generation: generation)
    deployment.metadata.annotations["deployment.kubernetes.io/revision"] = "2"
    deployment.status.updatedReplicas = 1
    deployment.status.replicas = 3
    let set = ReplicaSet(
      metadata: ObjectMeta(
        name: "hello-new", uid: "set-new", labels: ["pod-template-hash": "new"],
        annotations: ["deployment.kubernetes.io/revision": "2"],
        ownerReferences: [OwnerReference(kind: "Deployment", name: "hello", uid: "uid-1")]),
      spec: ReplicaSetSpec(
        template: PodTemplate(spec: PodSpec(containers: [Container(name: "hello", image: image)]))))
    let exit = Termination(exitCode: 1, reason: "Error")
    let crashed = ContainerStatus(
      name: "hello", restartCount: 2, state: .waiting(reason: "CrashLoopBackOff", message: ""),
      lastState: .terminated(exit))
    let event = Event(
      metadata: ObjectMeta(name: "e", uid: "e"),
      involvedObject: ObjectReference(kind: "Pod", name: "hello-new-1", uid: "hello-new-1"), reason: "BackOff",
      message: "Back-off restarting failed container", type: "Warning", count: 3,
      lastTimestamp: Timestamp(seconds: 100))
    return [
      .deployment(deployment), .replicaSet(set), .event(event),
      .pod(servingPod("hello-old-1", image: "r/hello:v3", node: "a")),
      .pod(pod("hello-new-1", set: "new", image: image, node: "b", isReady: false, crashed)),
    ]
  }

  /// A pod that serves.
  static func servingPod(_ name: String, image: String, node: String) -> Pod {
    pod(name, set: "old", image: image, node: node, isReady: true, ContainerStatus(name: "hello", ready: true))
  }

  private static func pod(
    _ name: String, set: String, image: String, node: String, isReady: Bool, _ status: ContainerStatus
  ) -> Pod {
    Pod(
      metadata: ObjectMeta(
        name: name, uid: name, labels: ["pod-template-hash": set],
        ownerReferences: [OwnerReference(kind: "ReplicaSet", name: "hello-\(set)", uid: "set-\(set)")]),
      spec: PodSpec(containers: [Container(name: "hello", image: image)], nodeName: node),
      status: PodStatus(
        phase: "Running", conditions: [Condition(type: "Ready", status: isReady ? "True" : "False")],
        containerStatuses: [status]))
  }

  func version() async throws -> (server: String, version: String) { ("test", "v1.36.0") }
}

extension String {
  fileprivate func range(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
