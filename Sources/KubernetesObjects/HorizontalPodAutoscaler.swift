/// An `autoscaling/v2` HorizontalPodAutoscaler, as far as it says whose replicas it changes.
public struct HorizontalPodAutoscaler: KubernetesObject {
  public var metadata: ObjectMeta
  public var spec: HorizontalPodAutoscalerSpec

  public init(metadata: ObjectMeta, spec: HorizontalPodAutoscalerSpec) {
    self.metadata = metadata
    self.spec = spec
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try fields.decode(ObjectMeta.self, forKey: .metadata)
    spec = try fields.value(.spec, default: HorizontalPodAutoscalerSpec())
  }

  /// Whether it changes the replicas of the Deployment of that name in its own namespace.
  public func scales(deployment name: String) -> Bool {
    spec.scaleTargetRef.kind == "Deployment" && spec.scaleTargetRef.name == name
  }
}

/// What a HorizontalPodAutoscaler is to do.
public struct HorizontalPodAutoscalerSpec: Codable, Hashable, Sendable {
  public var scaleTargetRef: ObjectReference

  public init(scaleTargetRef: ObjectReference = ObjectReference()) {
    self.scaleTargetRef = scaleTargetRef
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    scaleTargetRef = try fields.value(.scaleTargetRef, default: ObjectReference())
  }
}
