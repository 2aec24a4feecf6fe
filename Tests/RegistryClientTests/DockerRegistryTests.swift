import DevServices
import Foundation
import HTTPClient
import LinuxIO
import Locking
import RollbackTestKit
import Testing

@testable import RegistryClient

/// Against a real registry: OCI Distribution, as Debian packages it.
@Suite(.timeLimit(.minutes(2)), .enabled(if: ThrowawayRegistry.isInstalled, "docker-registry is not installed"))
struct DockerRegistryTests {
  private static let repository = "octave/hello"
  /// Made by `htpasswd -nbB -C 4 robot s3cret`.
  private static let passwords = "robot:$2y$04$yLEnh62tri.aRoq2R9EkLuyEo6CDSq1gwsPzXsQzGMAn/GMTiTy9y"
  private static let robot = RegistryCredentials.Login(name: "robot", password: "s3cret")

  private func withPusher<Result: Sendable>(
    _ address: String, authorization: String? = nil, trust: TLSConfiguration.Trust = .system,
    _ body: (ImagePusher) async throws -> Result
  ) async throws -> Result {
    let loop = try EventLoop.start(label: "pusher")
    defer { loop.end() }
    var configuration = HTTPClientConfiguration()
    configuration.proxy = .direct
    configuration.tls.trust = trust
    let client = try HTTPClient(loop: loop, configuration: configuration)
    do {
      let result = try await body(
        ImagePusher(client: client, registry: HTTPURL(parsing: address), authorization: authorization))
      await client.shutDown()
      return result
    } catch {
      await client.shutDown()
      throw error
    }
  }

  private func image(_ digest: String) -> FoundManifest {
    FoundManifest(digest: digest, mediaType: "application/vnd.oci.image.manifest.v1+json")
  }

  @Test func `present, moved, gone, and what never was`() async throws {
    let registry = try await ThrowawayRegistry.start()
    try await withPusher(registry.address) { pusher in
      let first = try await pusher.push(Self.repository, tag: "v1", label: "first")
      try await withClient(of: registry.address) { client in
        #expect(await client.ask(hello("v1")) == .present(image(first)))
        #expect(await client.ask(hello("v1", first)) == .present(image(first)))
        #expect(await client.ask(hello(nil, first)) == .present(image(first)))
        #expect(await client.ask(hello(nil)) == .gone)
        #expect(await client.ask(hello("v9")) == .gone)
        let nowhere = ManifestQuestion(repository: "harbor/no/such", tag: "v1", digest: nil)
        #expect(await client.ask(nowhere) == .gone)
        // The same tag again, with another image.
        let second = try await pusher.push(Self.repository, tag: "v1", label: "second")
        #expect(second != first)
        #expect(await client.ask(hello("v1", first)) == .moved(image(first), tag: second))
        #expect(await client.ask(hello("v1")) == .present(image(second)))
        try await pusher.delete(Self.repository, digest: first)
        #expect(await client.ask(hello("v1", first)) == .gone)
        try await pusher.delete(Self.repository, digest: second)
        #expect(await client.ask(hello("v1")) == .gone)
        #expect(await client.reachability(within: .seconds(5)).map(\.state) == [.ok])
      }
    }
  }

  @Test func `an index is one image with its platforms`() async throws {
    let registry = try await ThrowawayRegistry.start()
    try await withPusher(registry.address) { pusher in
      let pushed = try await pusher.pushIndex(Self.repository, tag: "multi", platforms: ["amd64", "arm64"])
      try await withClient(of: registry.address) { client in
        guard case .present(let found) = await client.ask(hello("multi")) else { return #expect(Bool(false)) }
        #expect(found.digest == pushed.index)
        #expect(found.isIndex)
        #expect(
          await client.platformDigests(of: found, in: "harbor/octave/hello", by: client.deadline) == pushed.platforms)
        guard case .present(let single) = await client.ask(hello("multi-arm64")) else { return #expect(Bool(false)) }
        #expect(await client.platformDigests(of: single, in: "harbor/octave/hello", by: client.deadline) == [])
      }
    }
  }

  @Test func `a registry with passwords lets in who has the right one`() async throws {
    let registry = try await ThrowawayRegistry.start(.passwords(Self.passwords))
    let digest = try await withPusher(registry.address, authorization: Self.robot.basic) { pusher in
      try await pusher.push(Self.repository, tag: "v1", label: "one")
    }
    try await withClient(of: registry.address, Self.robot) { client in
      #expect(await client.ask(hello("v1", digest)) == .present(image(digest)))
      #expect(await client.ask(hello("v2")) == .gone)
      #expect(await client.reachability(within: .seconds(5)).map(\.state) == [.ok])
    }
    try await withClient(of: registry.address, .init(name: "robot", password: "wrong")) { client in
      let name = registry.address.dropFirst("http://".count)
      #expect(await client.ask(hello("v1")) == .unauthorized("\(name): it refuses the credentials of robot"))
    }
    try await withClient(of: registry.address) { client in
      guard case .unauthorized(let why) = await client.ask(hello("v1")) else { return #expect(Bool(false)) }
      #expect(why.hasSuffix("it wants credentials, and none are configured for it"))
    }
  }

  @Test func `tokens that are signed for a repository, and those that are not`() async throws {
    let tokens = try await SignedTokens(service: "registry", issuer: "test")
    let loop = try EventLoop.start(label: "tokens")
    defer { loop.end() }
    let served = Locked(0)
    let tokenServer = try await ScriptedHTTPServer(
      on: loop,
      answer: .each { request in
        served.withLock { $0 += 1 }
        guard request.header("Authorization") == Self.robot.basic else { return .init(status: 401) }
        let isForHello = request.target.contains("scope=repository%3Aoctave%2Fhello%3Apull")
        return .init(text: #"{"token":"\#(isForHello ? tokens.pull : tokens.nothing)","expires_in":300}"#)
      })
    let registry = try await ThrowawayRegistry.start(
      .tokens(
        realm: tokenServer.baseURL + "/token", service: "registry", issuer: "test", certificate: tokens.certificate))
    let digest = try await withPusher(registry.address, authorization: "Bearer \(tokens.push)") { pusher in
      try await pusher.push(Self.repository, tag: "v1", label: "one")
    }
    try await withClient(of: registry.address, Self.robot) { client in
      #expect(await client.ask(hello("v1", digest)) == .present(image(digest)))
      #expect(await client.ask(hello("v1", digest)) == .present(image(digest)))
      #expect(await client.ask(hello("v2")) == .gone)
      // One token does for all of them.
      #expect(served.withLock { $0 } == 1)
      // The token for another repository grants nothing, without an error of the token service.
      let other = ManifestQuestion(repository: "harbor/octave/secret", tag: "v1", digest: nil)
      guard case .unauthorized = await client.ask(other) else { return #expect(Bool(false)) }
    }
    await tokenServer.stop()
  }

  @Test func `TLS by a private authority, and by no other`() async throws {
    let certificates = try await TestCertificates()
    let folder = certificates.directory.path
    let registry = try await ThrowawayRegistry.start(
      tls: .init(certificate: "\(folder)/server.pem", key: "\(folder)/server.key"))
    let trust = TLSConfiguration.Trust.authorities(pem: try certificates.pem("ca.pem"))
    let digest = try await withPusher(registry.address, trust: trust) { pusher in
      try await pusher.push(Self.repository, tag: "v1", label: "one")
    }
    try await withClient(of: registry.address, trust: trust) { client in
      #expect(await client.ask(hello("v1", digest)) == .present(image(digest)))
    }
    for wrong in [.system, .authorities(pem: try certificates.pem("other.pem"))] as [TLSConfiguration.Trust] {
      try await withClient(of: registry.address, trust: wrong) { client in
        guard case .unknown(let why) = await client.ask(hello("v1", digest)) else { return #expect(Bool(false)) }
        #expect(why.contains("there is no TLS connection to trust"), "\(why)")
      }
    }
  }
}
