// swift-tools-version: 6.2
import PackageDescription

// The settings every Swift target of this package is built with.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  // Places where a test lets the daemon die: never in what is released (scripts/chaos --check-release).
  .define("ROLLBACKD_FAILPOINTS", .when(configuration: .debug)),
]

func target(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A suite of its own; fixtures are read from the source tree.
func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let collections = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "rollbackd",
  products: [
    .library(name: "RollbackClient", targets: ["RollbackClient", "RollbackMessages"]),
    .executable(name: "rollbackd", targets: ["rollbackd"]),
    .executable(name: "rollbackctl", targets: ["rollbackctl"]),
    .executable(name: "rollback-dev", targets: ["rollback-dev"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    // For the development cluster only; the daemon links none of these.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
  ],
  targets: [
    // C libraries: each is imported by exactly one Swift target (scripts/soundness checks it).
    .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CLibcurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(name: "CLibyaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CLinux"),
    .target(name: "CTTRPCProto", dependencies: ["CProtobufC"]),
    .target(name: "CRollbackProto", dependencies: ["CProtobufC"]),

    // Pure: no I/O, no clock, no async.
    target("TTRPCCore"),
    target("KubernetesObjects"),
    target("RolloutCore", ["KubernetesObjects"], exclude: ["OperationStates.md"]),
    target("ConnectionPool", [collections]),

    // The one lock: everything that has threads may use it.
    target("Locking"),

    // Empty unless ROLLBACKD_FAILPOINTS is defined.
    target("Failpoints", ["Locking"]),

    // Thin I/O.
    target("LinuxIO", ["CLinux", "Locking"]),
    target("ProtobufC", ["CProtobufC"]),
    target("TTRPC", ["TTRPCCore", "LinuxIO", "Locking", "ProtobufC", "CTTRPCProto", log]),
    target("Postgres", ["CLibpq", "ConnectionPool", "Failpoints", "LinuxIO", "Locking", log]),
    target("HTTPClient", ["CLibcurl", "Failpoints", "LinuxIO", "Locking", log]),
    target("RegistryClient", ["HTTPClient", "LinuxIO", "Locking", log]),
    target("KubernetesClient", ["CLibyaml", "KubernetesObjects", "HTTPClient", "LinuxIO", "Locking", log]),

    // The service and its programs.
    target("RollbackMessages", ["ProtobufC", "CRollbackProto"]),
    target(
      "RollbackService",
      ["RolloutCore", "KubernetesObjects", "RollbackMessages", "TTRPCCore", "Failpoints", "Locking", log]),
    target(
      "RollbackDaemon",
      [
        "RollbackService", "RollbackMessages", "RolloutCore", "TTRPC", "TTRPCCore", "Postgres", "ConnectionPool",
        "KubernetesClient", "KubernetesObjects", "RegistryClient", "HTTPClient", "ProtobufC", "LinuxIO", "Locking",
        "CLibcrypto",
        "Failpoints",
        log,
      ]),
    target("RollbackClient", ["TTRPC", "TTRPCCore", "RollbackMessages", "ProtobufC", "LinuxIO", "Locking"]),
    program("rollbackd", ["RollbackDaemon"]),
    program("rollbackctl", ["RollbackClient", "RollbackMessages", "Locking", arguments]),

    // To try it out and to test: a Kubernetes API in memory, and everything else a laptop needs.
    target(
      "DevCluster",
      [
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"), .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"), "Locking", log,
      ]),
    target("DevServices", ["HTTPClient", "LinuxIO", "Locking"]),
    program(
      "rollback-dev",
      [
        "DevCluster", "DevServices", "KubernetesClient", "KubernetesObjects", "HTTPClient", "LinuxIO", arguments, log,
      ]),

    // Tests. The messages of the recorded ttRPC peer, and what several suites need.
    .target(
      name: "CTestProto", dependencies: ["CProtobufC"], path: "Tests/CTestProto",
      exclude: ["testing.proto", "deploys.proto"]),
    .target(
      name: "RollbackTestKit", dependencies: ["LinuxIO", "Locking"], path: "Tests/RollbackTestKit",
      swiftSettings: strict),
    tests("FailpointsTests", ["Failpoints"]),
    tests("LockingTests", ["Locking"]),
    tests("LinuxIOTests", ["LinuxIO", "Locking"]),
    tests("ProtobufCTests", ["ProtobufC", "CTestProto", "RollbackTestKit"]),
    tests("TTRPCCoreTests", ["TTRPCCore"]),
    tests(
      "TTRPCTests", ["TTRPC", "TTRPCCore", "LinuxIO", "Locking", "ProtobufC", "CTestProto", "CTTRPCProto", log],
      exclude: ["Fixtures"]),
    tests("KubernetesObjectsTests", ["KubernetesObjects"], exclude: ["Fixtures"]),
    tests("RolloutCoreTests", ["RolloutCore", "KubernetesObjects"], exclude: ["Fixtures"]),
    tests("HTTPClientTests", ["HTTPClient", "LinuxIO", "RollbackTestKit", log]),
    tests(
      "KubernetesClientTests",
      ["KubernetesClient", "KubernetesObjects", "HTTPClient", "LinuxIO", "RollbackTestKit", log]),
    tests(
      "RegistryClientTests",
      ["RegistryClient", "HTTPClient", "LinuxIO", "Locking", "DevServices", "RollbackTestKit", log]),
    tests("PostgresTests", ["Postgres", "ConnectionPool", "LinuxIO", "RollbackTestKit", "DevServices", log]),
    tests(
      "SchemaTests",
      [
        "RollbackDaemon", "RollbackService", "RollbackMessages", "RolloutCore", "KubernetesObjects", "ProtobufC",
        "Postgres", "ConnectionPool", "LinuxIO", "RollbackTestKit", "DevServices", log,
      ]),
    tests("ConnectionPoolTests", ["ConnectionPool", "RollbackTestKit"]),
    tests("DevClusterTests", ["DevCluster", "Locking"], exclude: ["Fixtures"]),
    tests(
      "RollbackServiceTests",
      ["RollbackService", "RollbackMessages", "RolloutCore", "KubernetesObjects", "ProtobufC", "Locking", log]),
    tests(
      "ConformanceTests",
      [
        "RollbackDaemon", "RollbackService", "RollbackMessages", "DevCluster", "DevServices", "KubernetesClient",
        "KubernetesObjects", "RegistryClient", "HTTPClient", "Postgres", "LinuxIO", "RollbackTestKit", log,
      ]),
    tests("RollbackMessagesTests", ["RollbackMessages", "ProtobufC"]),
    tests(
      "RollbackDaemonTests",
      [
        "RollbackDaemon", "rollbackd", "DevServices", "RollbackService", "RollbackMessages", "RolloutCore",
        "KubernetesObjects", "KubernetesClient", "RegistryClient", "Postgres", "ConnectionPool", "LinuxIO",
        "RollbackTestKit", log,
      ]),
    tests("rollbackctlTests", ["rollbackctl", "RollbackClient", "RollbackMessages", "Locking"]),
    tests(
      "RollbackClientTests",
      [
        "RollbackClient", "RollbackMessages", "TTRPC", "TTRPCCore", "ProtobufC", "LinuxIO", "Locking",
        "RollbackTestKit", log,
      ]),
  ]
)
