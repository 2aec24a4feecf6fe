public import KubernetesObjects

/// The one change that a deploy makes to the cluster, written so that it is applied at most once and to nothing else.
///
/// A strategic merge patch by the container's *name* sets its image, the rolling strategy and our annotations on the
/// Deployment; the pod template gets no annotation, which would needlessly make it a new one. It carries the
/// Deployment's uid (another uid is refused with 422) and resourceVersion (a stale one is refused with 409: read again,
/// decide again, a bounded number of times). Send it as `contentType`, with our field manager's name.
public struct ImagePatch: Hashable, Sendable {
  public static let contentType = "application/strategic-merge-patch+json"
  public static let deployIDAnnotation = "rollbackd.io/deploy-id"
  public static let requestIDAnnotation = "rollbackd.io/request-id"
  public static let actorAnnotation = "rollbackd.io/actor"
  /// Which deploy was cancelled while a patch of it may have been under way.
  public static let fenceAnnotation = "rollbackd.io/fenced"

  /// The patch's body.
  public var json: String
  /// The Deployment's uid and version that the patch insists on.
  public var uid: String
  public var resourceVersion: String

  /// What a deploy wants of a Deployment.
  public struct Intent: Hashable, Sendable {
    public var container: String
    /// The full reference, with the digest where one is known.
    public var image: String
    public var deployID: String
    public var requestID: String
    /// Empty where nobody in particular asked for it.
    public var actor: String

    public init(container: String, image: String, deployID: String, requestID: String, actor: String) {
      self.container = container
      self.image = image
      self.deployID = deployID
      self.requestID = requestID
      self.actor = actor
    }
  }

  /// What is to be done, by the Deployment as it was just read.
  public enum Decision: Hashable, Sendable {
    case apply(ImagePatch)
    /// Our deploy's id is in the annotation and our image in the template: a patch of before went through, only its
    /// answer was lost. Wait for the rollout.
    case alreadyApplied
    /// Our deploy's id is there, but the image is another one: ours was applied, and somebody deployed on top.
    case overtaken(image: String)
  }

  /// Decides, and writes the patch where one is needed.
  /// - Throws: `ImagePatchRefusal` when the Deployment cannot be rolled.
  public static func decide(_ intent: Intent, on deployment: Deployment) throws(ImagePatchRefusal) -> Decision {
    let object = "deployment \(deployment.metadata.namespace)/\(deployment.metadata.name)"
    if deployment.metadata.isBeingDeleted { throw ImagePatchRefusal(.beingDeleted, object: object) }
    let template = deployment.spec.template.spec
    // An unknown name in a strategic merge patch adds a container instead of being refused.
    guard let container = template.container(named: intent.container) else {
      let names = template.containers.map(\.name)
      throw ImagePatchRefusal(.unknownContainer(intent.container, known: names), object: object)
    }
    if deployment.metadata.annotations[deployIDAnnotation] == intent.deployID {
      return container.image == intent.image ? .alreadyApplied : .overtaken(image: container.image)
    }
    if deployment.spec.paused { throw ImagePatchRefusal(.paused, object: object) }
    if deployment.spec.strategy.type == "Recreate" { throw ImagePatchRefusal(.recreates, object: object) }
    return .apply(ImagePatch(intent, deployment))
  }

  private init(_ intent: Intent, _ deployment: Deployment) {
    self.init(
      image: intent.image, of: intent.container,
      annotations: [
        (Self.deployIDAnnotation, .string(intent.deployID)),
        (Self.requestIDAnnotation, .string(intent.requestID)),
        (Self.actorAnnotation, .string(intent.actor)),
      ], deployment)
  }

  init(
    image: String, of container: String, annotations: [(key: String, value: JSONText)], _ deployment: Deployment
  ) {
    uid = deployment.metadata.uid
    resourceVersion = deployment.metadata.resourceVersion
    let rollingUpdate = JSONText.object([("maxSurge", .number(1)), ("maxUnavailable", .number(0))])
    let containers = JSONText.array([
      .object([("name", .string(container)), ("image", .string(image))])
    ])
    json =
      JSONText.object([
        ("metadata", Self.metadata(uid, resourceVersion, annotations)),
        (
          "spec",
          .object([
            ("strategy", .object([("type", .string("RollingUpdate")), ("rollingUpdate", rollingUpdate)])),
            ("template", .object([("spec", .object([("containers", containers)]))])),
          ])
        ),
      ]).text
  }

  /// Makes this patch worthless, where it may still be on its way: changes the resourceVersion on which it insists, by an
  /// annotation, and nothing else.
  public func fence(of deployID: String) -> ImagePatch {
    var fence = self
    let annotations = [(key: Self.fenceAnnotation, value: JSONText.string(deployID))]
    fence.json = JSONText.object([("metadata", Self.metadata(uid, resourceVersion, annotations))]).text
    return fence
  }

  private static func metadata(
    _ uid: String, _ resourceVersion: String, _ annotations: [(key: String, value: JSONText)]
  ) -> JSONText {
    .object([
      ("uid", .string(uid)), ("resourceVersion", .string(resourceVersion)), ("annotations", .object(annotations)),
    ])
  }
}

/// Why a Deployment cannot be rolled.
public struct ImagePatchRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Cause: Hashable, Sendable {
    case paused
    case beingDeleted
    /// Its strategy would end the old pods before the new ones serve.
    case recreates
    case unknownContainer(String, known: [String])
  }

  public var cause: Cause
  /// `deployment NAMESPACE/NAME`.
  public var object: String

  init(_ cause: Cause, object: String) {
    self.cause = cause
    self.object = object
  }

  /// The stable reason for answers.
  public var reason: RefusalReason {
    switch cause {
    case .paused: .deploymentPaused
    case .beingDeleted: .deploymentDeleted
    case .recreates: .deploymentRecreate
    case .unknownContainer: .invalidArgument
    }
  }

  public var description: String {
    switch cause {
    case .paused: "\(object) is paused; resume it first (kubectl rollout resume)"
    case .beingDeleted: "\(object) is being deleted"
    case .recreates: "\(object) uses the strategy Recreate, which would end the old pods before new ones serve"
    case .unknownContainer(let name, let known):
      "\(object) has no container \(name); it has \(known.joined(separator: ", "))"
    }
  }
}
