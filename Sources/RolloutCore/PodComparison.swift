public import KubernetesObjects

/// What sets a failing pod apart from the pods that serve: image, node, restarts.
///
/// It states what is seen and draws no conclusion. That the new image fails on a node where the old one serves speaks
/// against the image; that it is ready elsewhere speaks against the node.
public struct PodComparison: Hashable, Sendable {
  /// A pod that serves.
  public struct Serving: Hashable, Sendable {
    public var name: String
    /// Of the container that fails in the other pod; empty where this one has no such container.
    public var image: String
    public var node: String
    /// Of all its containers.
    public var restarts: Int
    /// Whether it is of the new template.
    public var isNew: Bool
  }

  /// Where the failing pod is; empty when no node has it, or there is no such pod.
  public var node: String
  /// The image of the failing container; empty when there is no such pod.
  public var image: String
  /// In the order of their names.
  public var serving: [Serving]
  /// One sentence without a full stop.
  public var sentence: String

  /// - Parameters:
  ///   - failing: nil when no pod could be made.
  ///   - container: the one that fails.
  ///   - serving: the ready pods, whatever their template. Nil comes back when there are none.
  ///   - isNew: whether a pod is of the new template.
  public init?(of failing: Pod?, container: String, with serving: [Pod], isNew: (Pod) -> Bool) {
    guard !serving.isEmpty else { return nil }
    node = failing?.spec.nodeName ?? ""
    image = failing?.image(of: container) ?? ""
    self.serving = serving.map { pod in
      Serving(
        name: pod.metadata.name, image: pod.image(of: container), node: pod.spec.nodeName,
        restarts: (pod.status.initContainerStatuses + pod.status.containerStatuses).reduce(0) { $0 + $1.restartCount },
        isNew: isNew(pod))
    }.sorted { $0.name < $1.name }
    let old = self.serving.filter { !$0.isNew }
    let new = self.serving.filter(\.isNew)
    var clauses: [String] = []
    if !old.isEmpty { clauses.append(Self.old(old)) }
    if !new.isEmpty { clauses.append(Self.new(new)) }
    clauses.append(
      failing == nil
        ? "no new pod could be made" : Self.failing(image: image, node: node, beside: self.serving))
    sentence = clauses.joined(separator: "; ")
  }

  private static func old(_ pods: [Serving]) -> String {
    let images = Set(pods.map { shortName($0.image) }).sorted().filter { !$0.isEmpty }
    let what = images.isEmpty ? "" : " run\(pods.count == 1 ? "s" : "") \(list(images))"
    let who = pods.count == 1 ? "the pod that still serves" : "the \(pods.count) pods that still serve"
    let verb = what.isEmpty ? (pods.count == 1 ? " is" : " are") : what
    return who + verb + place(pods)
  }

  private static func new(_ pods: [Serving]) -> String {
    "\(pods.count) new pod\(pods.count == 1 ? " is" : "s are") ready" + place(pods)
  }

  /// ` on nodes a, b (3 restarts)`.
  private static func place(_ pods: [Serving]) -> String {
    let nodes = Set(pods.map(\.node)).sorted().filter { !$0.isEmpty }
    let restarts = pods.reduce(0) { $0 + $1.restarts }
    let place = nodes.isEmpty ? "" : " on node\(nodes.count == 1 ? "" : "s") \(list(nodes))"
    return place + (restarts == 0 ? "" : " (\(restarts) restart\(restarts == 1 ? "" : "s"))")
  }

  private static func failing(image: String, node: String, beside serving: [Serving]) -> String {
    let isSame = !image.isEmpty && serving.allSatisfy { $0.image == image }
    let what = isSame ? "the same image" : image.isEmpty ? "no such container" : shortName(image)
    let start = "the failing one has \(what)"
    guard !node.isEmpty else { return start + " and no node" }
    let beside =
      switch serving.count(where: { $0.node == node }) {
      case serving.count: " as well"
      case 0: serving.count == 1 ? ", where that one is not" : ", where none of them is"
      case 1: ", where one of them is too"
      case let neighbours: ", where \(neighbours) of them are too"
      }
    return "\(start) on node \(node)\(beside)"
  }

  /// At most three, and how many more.
  private static func list(_ names: [String]) -> String {
    names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
  }

  /// `hello:v2` of `harbor.local/octave/hello:v2`; a digest is cut to twelve digits.
  private static func shortName(_ image: String) -> String {
    let name = image.split(separator: "/").last.map(String.init) ?? ""
    guard let at = name.firstIndex(of: "@"), let colon = name[at...].firstIndex(of: ":") else { return name.oneLine() }
    let tagged = name[..<at]
    if tagged.contains(":") { return String(tagged).oneLine() }
    return (name[...colon] + name[colon...].dropFirst().prefix(12) + "…").oneLine()
  }
}

extension Pod {
  /// The image of that container, init containers included; empty where there is none.
  fileprivate func image(of container: String) -> String {
    (spec.containers + spec.initContainers).first { $0.name == container }?.image ?? ""
  }
}
