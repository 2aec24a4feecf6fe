import KubernetesObjects
import RolloutCore
import Testing

/// What is said of a failing pod beside those that serve, case by case.
@Suite struct PodComparisonTests {
  private func old(_ name: String, _ node: String, restarts: Int = 0, image: String = "harbor/octave/web:v1") -> Pod {
    Objects.pod(Objects.running(restarts: restarts), name: name, set: "web-old", image: image, node: node)
  }

  private func new(_ name: String, _ node: String) -> Pod { Objects.pod(Objects.running(), name: name, node: node) }

  private func failing(_ node: String, image: String = "harbor/octave/web:v2") -> Pod {
    Objects.pod(Objects.running(ready: false), name: "web-new-9", image: image, node: node)
  }

  private func sentence(_ failing: Pod?, _ serving: [Pod], container: String = "web") -> String? {
    PodComparison(of: failing, container: container, with: serving) {
      $0.metadata.labels["pod-template-hash"] == "web-new"
    }?
    .sentence
  }

  @Test func whereNothingServesThereIsNothingToCompare() {
    #expect(sentence(failing("a"), []) == nil)
  }

  @Test func anotherNodeIsNamed() {
    #expect(
      sentence(failing("c"), [old("o1", "a"), old("o2", "b")])
        == "the 2 pods that still serve run web:v1 on nodes a, b; "
        + "the failing one has web:v2 on node c, where none of them is")
    #expect(
      sentence(failing("c"), [old("o1", "a")])
        == "the pod that still serves runs web:v1 on node a; "
        + "the failing one has web:v2 on node c, where that one is not")
  }

  @Test func aNodeWhereOthersServeIsNotToBlame() {
    #expect(
      sentence(failing("a"), [old("o1", "a"), old("o2", "b")])?.hasSuffix("on node a, where one of them is too") == true
    )
    #expect(
      sentence(failing("a"), [old("o1", "a"), old("o2", "a"), old("o3", "b")])?
        .hasSuffix("on node a, where 2 of them are too") == true)
    #expect(
      sentence(failing("a"), [old("o1", "a"), old("o2", "a")])?.hasSuffix("has web:v2 on node a as well") == true)
    #expect(sentence(failing("a"), [old("o1", "a")])?.hasSuffix("has web:v2 on node a as well") == true)
  }

  @Test func aNewPodThatIsReadyElsewhereIsTold() {
    #expect(
      sentence(failing("c"), [new("n1", "b"), old("o1", "a")])
        == "the pod that still serves runs web:v1 on node a; 1 new pod is ready on node b; "
        + "the failing one has web:v2 on node c, where none of them is")
    #expect(
      sentence(failing("c"), [new("n1", "b"), new("n2", "b")])
        == "2 new pods are ready on node b; the failing one has the same image on node c, where none of them is")
  }

  @Test func theSameImageIsCalledSo() {
    #expect(
      sentence(failing("c"), [old("o1", "a", image: "harbor/octave/web:v2")])
        == "the pod that still serves runs web:v2 on node a; "
        + "the failing one has the same image on node c, where that one is not")
  }

  @Test func restartsOfThoseThatServeAreToldWhereThereAreAny() {
    #expect(
      sentence(failing("a"), [old("o1", "a", restarts: 1)])?.hasPrefix(
        "the pod that still serves runs web:v1 on node a (1 restart);")
        == true)
    #expect(
      sentence(failing("a"), [old("o1", "a", restarts: 1), old("o2", "a", restarts: 3)])?.contains("(4 restarts)")
        == true)
  }

  @Test func aPodWithoutANodeAndAPodThatCouldNotBeMade() {
    #expect(sentence(failing(""), [old("o1", "a")])?.hasSuffix("; the failing one has web:v2 and no node") == true)
    #expect(
      sentence(nil, [old("o1", "a")]) == "the pod that still serves runs web:v1 on node a; no new pod could be made")
  }

  @Test func manyNodesAreCut() {
    let pods = ["a", "b", "c", "d", "e"].map { old($0, $0) }
    #expect(
      sentence(failing("z"), pods)?.hasPrefix("the 5 pods that still serve run web:v1 on nodes a, b, c and 2 more;")
        == true)
  }

  @Test func anInitContainerThatTheOthersDoNotHave() {
    let failing = Objects.pod(
      Objects.waiting("PodInitializing"), initial: [Objects.waiting("CrashLoopBackOff", name: "migrate")], node: "b")
    #expect(
      sentence(failing, [old("o1", "a")], container: "migrate")
        == "the pod that still serves is on node a; the failing one has init:1 on node b, where that one is not")
  }

  @Test func imagesAreShortAndDigestsCut() {
    let digest = "harbor/octave/web@sha256:" + String(repeating: "ab", count: 32)
    #expect(
      sentence(failing("a", image: digest), [old("o1", "a")])?.contains("has web@sha256:abababababab… on") == true)
    let both = "harbor:5000/octave/web:v3@sha256:" + String(repeating: "ab", count: 32)
    #expect(sentence(failing("a", image: both), [old("o1", "a")])?.contains("has web:v3 on") == true)
  }

  @Test func thePodsAreListedWithTheirNumbers() {
    let comparison = PodComparison(
      of: failing("c"), container: "web", with: [old("o2", "b", restarts: 2), old("o1", "a")]
    ) { _ in false }
    #expect(comparison?.node == "c" && comparison?.image == "harbor/octave/web:v2")
    #expect(comparison?.serving.map(\.name) == ["o1", "o2"])
    #expect(comparison?.serving.map(\.restarts) == [0, 2])
    #expect(comparison?.serving.map(\.image) == ["harbor/octave/web:v1", "harbor/octave/web:v1"])
  }
}
