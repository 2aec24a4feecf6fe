import DevServices
import Foundation
import HTTPClient
import KubernetesClient
import LinuxIO
import RollbackMessages
import RollbackService
import Testing

/// The whole daemon with a real registry: digests recorded, pinned, proven; images that moved or went.
@Suite(
  .serialized, .timeLimit(.minutes(5)), .enabled(if: ThrowawayRegistry.isInstalled, "docker-registry is not installed"))
struct RegistryConformanceTests {
  private static let repository = "octave/web"

  /// Runs `body` with a registry that has v1 and v2, whose digests it is given.
  private func withRegistry(
    _ body: (ConformanceEnvironment, ImagePusher, [String: String]) async throws -> Void
  ) async throws {
    let registry = try await ThrowawayRegistry.start()
    let loop = try EventLoop.start(label: "pusher")
    defer {
      loop.stop()
      loop.join()
    }
    var configuration = HTTPClientConfiguration()
    configuration.proxy = .direct
    let client = try HTTPClient(loop: loop, configuration: configuration)
    do {
      let pusher = ImagePusher(client: client, registry: try HTTPURL(parsing: registry.address))
      var digests: [String: String] = [:]
      for tag in ["v1", "v2"] { digests[tag] = try await pusher.push(Self.repository, tag: tag, label: tag) }
      try await ConformanceEnvironment.run(registry: registry.address) { environment in
        try await body(environment, pusher, digests)
      }
    } catch {
      await client.shutDown()
      throw error
    }
    await client.shutDown()
  }

  @Test func `digests are recorded, pinned and proven, and rows show the tag`() async throws {
    try await withRegistry { environment, _, digests in
      try await environment.makeApp("pinned")
      let first = try #require(digests["v1"])
      let deployed = try await environment.deploy("pinned", "v1").finished
      #expect(deployed?.outcome == .succeeded)
      #expect(deployed?.deploy?.imageRef == "registry.example/octave/web:v1")
      #expect(deployed?.deploy?.imageDigest == first)
      #expect(deployed?.podsVerified == 2)
      #expect(try await environment.image(of: "pinned") == "registry.example/octave/web:v1@\(first)")
      let again = try await environment.deploy("pinned", "v1").finished
      #expect(again?.outcome == .alreadyCurrent)
      _ = try await environment.deploy("pinned", "v2")
      let finished = try await environment.rollback("pinned").finished
      #expect(finished?.outcome == .succeeded)
      #expect(finished?.message.contains("image verified on 2 of 2 pods") == true)
      #expect(finished?.warnings.isEmpty == true)
      #expect(try await environment.image(of: "pinned") == "registry.example/octave/web:v1@\(first)")
      let event = try #require(try await environment.audit("deploy.rollback").first)
      #expect(event.detailsJSON.contains(first))
    }
  }

  @Test func `a tag that was pushed again warns; an image that is gone is refused`() async throws {
    try await withRegistry { environment, pusher, digests in
      try await environment.makeApp("moved")
      let first = try #require(digests["v1"])
      _ = try await environment.deploy("moved", "v1")
      _ = try await environment.deploy("moved", "v2")
      let other = try await pusher.push(Self.repository, tag: "v1", label: "another v1")
      let finished = try await environment.rollback("moved").finished
      #expect(finished?.outcome == .succeeded)
      #expect(finished?.warnings.map(\.code) == ["tag_moved"])
      #expect(finished?.warnings.first?.message.contains(other) == true)
      #expect(try await environment.image(of: "moved") == "registry.example/octave/web:v1@\(first)")
      _ = try await environment.deploy("moved", "v2")
      try await pusher.delete(Self.repository, digest: first)
      let gone = await #expect(throws: ServiceError.self) { try await environment.rollback("moved", to: "previous") }
      #expect(gone?.reason == .imageGone)
      let never = await #expect(throws: ServiceError.self) { try await environment.deploy("moved", "v9") }
      #expect(never?.reason == .imageGone)
      #expect(try await environment.audit("deploy.create.refused").count == 1)
      let health = try await environment.service.health(GetHealthRequest(), from: ConformanceEnvironment.caller)
      #expect(health.registry?.state == .ok)
    }
  }
}
