import KubernetesObjects
import RolloutCore
import Testing

@Suite struct ContainerEnvironmentTests {
  private let container = Container(
    name: "web", image: "i:1",
    env: [
      EnvironmentVariable(name: "DB_POOL", value: "5"), EnvironmentVariable(name: "DB_POOL", value: "7"),
      EnvironmentVariable(
        name: "TOKEN", valueFrom: .init(secretKeyRef: .init(name: "hello-env", key: "token"))),
      EnvironmentVariable(name: "MODE", valueFrom: .init(configMapKeyRef: .init(name: "hello", key: "mode"))),
      EnvironmentVariable(name: "POD", valueFrom: .init(fieldRef: .init(fieldPath: "metadata.name"))),
      EnvironmentVariable(name: "CPUS", valueFrom: .init(resourceFieldRef: .init(resource: "limits.cpu"))),
      EnvironmentVariable(name: "EMPTY"),
    ],
    envFrom: [
      EnvironmentSource(secretRef: .init(name: "hello-env")),
      EnvironmentSource(prefix: "X_", configMapRef: .init(name: "shared")),
    ])

  @Test func everyEntryHasANameAndWhereItComesFrom() {
    #expect(
      ContainerEnvironment(container).entries == [
        "DB_POOL": "value 7", "TOKEN": "secret hello-env token", "MODE": "configmap hello mode",
        "POD": "field metadata.name", "CPUS": "resource  limits.cpu", "EMPTY": "value ",
        "secret hello-env": "whole", "configmap shared as X_*": "whole",
      ])
  }

  /// A value may not pass for a reference, nor a reference for a value.
  @Test func aValueThatLooksLikeAReferenceIsNone() {
    let value = Container(name: "w", image: "i", env: [.init(name: "A", value: "secret s k")])
    let reference = Container(
      name: "w", image: "i", env: [.init(name: "A", valueFrom: .init(secretKeyRef: .init(name: "s", key: "k")))])
    #expect(ContainerEnvironment(value) != ContainerEnvironment(reference))
  }

  @Test func changesAreNamedWithTheirKind() {
    let then = EnvironmentRecord(fingerprints: ["A": "1", "B": "2", "OLD": "3"])
    let now = EnvironmentRecord(fingerprints: ["A": "1", "B": "9", "NEW": "3", "secret s": "4"])
    #expect(now.changes(since: then) == ["B (changed)", "NEW (added)", "OLD (removed)", "secret s (added)"])
    #expect(now.changes(since: now).isEmpty)
  }

  @Test func aLongListIsCutAndCounted() {
    let many = EnvironmentRecord(fingerprints: Dictionary(uniqueKeysWithValues: (100..<180).map { ("V\($0)", "1") }))
    let changes = many.changes(since: EnvironmentRecord(fingerprints: [:]))
    #expect(changes.count == 51)
    #expect(changes.last == "30 more")
  }

  @Test func namesAreHarmlessToShow() {
    let evil = EnvironmentRecord(fingerprints: ["A\n\u{1B}[2J": "1"])
    #expect(evil.changes(since: EnvironmentRecord(fingerprints: [:])).allSatisfy { !$0.contains("\n") })
  }
}
