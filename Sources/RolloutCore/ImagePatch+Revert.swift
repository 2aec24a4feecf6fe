public import KubernetesObjects

extension ImagePatch {
  /// Which deploy's failed image was replaced by the one of before.
  public static let revertedAnnotation = "rollbackd.io/reverted"

  /// What putting an image back wants of a Deployment.
  public struct Reversal: Hashable, Sendable {
    public var container: String
    /// The image that ran before, as the template had it.
    public var image: String
    /// The image that failed, as the template has it.
    public var failedImage: String
    /// The deploy that failed.
    public var deployID: String

    public init(container: String, image: String, failedImage: String, deployID: String) {
      self.container = container
      self.image = image
      self.failedImage = failedImage
      self.deployID = deployID
    }
  }

  /// Decides whether the image of before is still to be put back, and writes the patch for it.
  ///
  /// Only what the failed deploy itself brought in is replaced: where the template has another image, or another
  /// deploy's annotation, somebody deployed on top and that is left alone. The patch leaves an annotation that tells
  /// after a crash that it was applied.
  /// - Throws: `ImagePatchRefusal` when the Deployment cannot be rolled.
  public static func decideRevert(
    _ reversal: Reversal, on deployment: Deployment
  ) throws(ImagePatchRefusal) -> Decision {
    let object = "deployment \(deployment.metadata.namespace)/\(deployment.metadata.name)"
    if deployment.metadata.isBeingDeleted { throw ImagePatchRefusal(.beingDeleted, object: object) }
    let template = deployment.spec.template.spec
    guard let container = template.container(named: reversal.container) else {
      let names = template.containers.map(\.name)
      throw ImagePatchRefusal(.unknownContainer(reversal.container, known: names), object: object)
    }
    let annotations = deployment.metadata.annotations
    guard annotations[deployIDAnnotation] == reversal.deployID else { return .overtaken(image: container.image) }
    if annotations[revertedAnnotation] == reversal.deployID {
      return container.image == reversal.image ? .alreadyApplied : .overtaken(image: container.image)
    }
    guard container.image == reversal.failedImage else { return .overtaken(image: container.image) }
    if deployment.spec.paused { throw ImagePatchRefusal(.paused, object: object) }
    if deployment.spec.strategy.type == "Recreate" { throw ImagePatchRefusal(.recreates, object: object) }
    return .apply(
      ImagePatch(
        image: reversal.image, of: reversal.container,
        annotations: [(revertedAnnotation, .string(reversal.deployID))], deployment))
  }
}
