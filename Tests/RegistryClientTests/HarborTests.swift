import Locking
import RollbackTestKit
import Testing

@testable import RegistryClient

/// The whole flow against a server that answers as Harbor does.
@Suite(.timeLimit(.minutes(1))) struct HarborTests {
  private static let robot = RegistryCredentials.Login(name: "robot$octave+rollbackd", password: "s3cret")

  /// What a server was asked, in order: `METHOD target [how it was authorized]`.
  private final class Journal: Sendable {
    let lines = Locked<[String]>([])

    func note(_ request: ScriptedHTTPServer.Request) {
      let authorization = request.header("Authorization")?.split(separator: " ").first.map { " \($0)" } ?? ""
      lines.withLock { $0.append("\(request.method) \(request.target)\(authorization)") }
    }

    var all: [String] { lines.withLock { $0 } }
  }

  /// Harbor with one repository; `manifest` answers whoever has a token.
  private static func harbor(
    _ journal: Journal, takes token: String = "t1", manifest: HarborAnswers.Answer
  ) -> ScriptedHTTPServer.Script {
    .each { request in
      journal.note(request)
      let base = "http://\(request.header("Host") ?? "")"
      if request.target.hasPrefix("/service/token") {
        guard request.header("Authorization") == robot.basic else { return HarborAnswers.refusedToken }
        return HarborAnswers.token(token)
      }
      guard let authorization = request.header("Authorization") else {
        return headed(HarborAnswers.challenge(base), request)
      }
      guard authorization == "Bearer t1" else { return headed(HarborAnswers.refusedToken, request) }
      return headed(manifest, request)
    }
  }

  /// An answer to HEAD has no body.
  private static func headed(
    _ answer: HarborAnswers.Answer, _ request: ScriptedHTTPServer.Request
  ) -> HarborAnswers.Answer {
    var answer = answer
    if request.method == "HEAD" { answer.body = [] }
    return answer
  }

  @Test func `a cold question is challenged and gets a token, a warm one is a single HEAD`() async throws {
    let journal = Journal()
    try await withScriptedRegistry(
      credentials: Self.robot, answer: Self.harbor(journal, manifest: HarborAnswers.present)
    ) { client, _ in
      let found = FoundManifest(
        digest: HarborAnswers.digest, mediaType: "application/vnd.oci.image.manifest.v1+json")
      #expect(await client.ask(hello()) == .present(found))
      #expect(await client.ask(hello()) == .present(found))
      #expect(await client.ask(hello("v2", HarborAnswers.digest)) == .present(found))
      let manifest = "HEAD /v2/octave/hello/manifests"
      #expect(
        journal.all.prefix(4) == [
          "\(manifest)/v2",
          "GET /service/token?service=harbor-registry&scope=repository%3Aoctave%2Fhello%3Apull Basic",
          "\(manifest)/v2 Bearer", "\(manifest)/v2 Bearer",
        ])
      #expect(
        Set(journal.all.dropFirst(4)) == ["\(manifest)/v2 Bearer", "\(manifest)/\(HarborAnswers.digest) Bearer"])
    }
  }

  @Test(arguments: [
    (HarborAnswers.notScanned, "current image without vulnerability scanning cannot be pulled"),
    (HarborAnswers.scanPending, #"current image with "Running" status of vulnerability scanning cannot be pulled"#),
    (HarborAnswers.vulnerable, "current image with 3 vulnerabilities cannot be pulled"),
    (HarborAnswers.notSigned, "The image is not signed in Cosign."),
    (HarborAnswers.noScanner, "no scanner registration configured for project: 34"),
  ])
  func `a policy's refusal is told in Harbor's own words`(answer: HarborAnswers.Answer, words: String) async throws {
    let journal = Journal()
    try await withScriptedRegistry(
      credentials: Self.robot, answer: Self.harbor(journal, manifest: answer)
    ) { client, _ in
      #expect(await client.ask(hello()) == .blocked(words))
      // HEAD has no body: the words come by a GET, which is refused like it and so counts as no pull.
      #expect(journal.all.last == "GET /v2/octave/hello/manifests/v2 Bearer")
    }
  }

  @Test func `an artifact that is gone is gone, by tag and by digest`() async throws {
    try await withScriptedRegistry(
      credentials: Self.robot, answer: Self.harbor(Journal(), manifest: HarborAnswers.artifactGone)
    ) { client, _ in
      #expect(await client.ask(hello()) == .gone)
      #expect(await client.ask(hello("v2", HarborAnswers.digest)) == .gone)
    }
  }

  @Test func `expired, disabled and wrong all look alike, and the robot is named`() async throws {
    let journal = Journal()
    try await withScriptedRegistry(
      credentials: .init(name: "robot$old", password: "x"),
      answer: Self.harbor(journal, manifest: HarborAnswers.present)
    ) { client, server in
      #expect(
        await client.ask(hello())
          == .unauthorized("127.0.0.1:\(server.port): it refuses the credentials of robot$old"))
    }
  }

  @Test func `a token that grants less than was asked for is tried twice and no more`() async throws {
    let journal = Journal()
    try await withScriptedRegistry(
      credentials: Self.robot, answer: Self.harbor(journal, takes: "too-little", manifest: HarborAnswers.present)
    ) { client, server in
      let refused = ManifestVerdict.unauthorized(
        "127.0.0.1:\(server.port): it refuses the credentials of robot$octave+rollbackd")
      #expect(await client.ask(hello()) == refused)
      #expect(journal.all.count == 3)
      #expect(await client.ask(hello()) == refused)
      // The second time no challenge is needed: token, HEAD, token, HEAD.
      #expect(journal.all.count == 7)
    }
  }

  @Test func `without credentials Harbor lets nobody ask, and it is said what is missing`() async throws {
    try await withScriptedRegistry(
      answer: Self.harbor(Journal(), manifest: HarborAnswers.present)
    ) { client, server in
      guard case .unauthorized(let why) = await client.ask(hello()) else { return #expect(Bool(false)) }
      #expect(why.contains("none are configured"))
      // It answers, which is all that can be known of an open registry.
      #expect(await client.reachability(within: .seconds(3)).map(\.state) == [.ok])
    }
  }

  @Test func `health says when the robot is not let in`() async throws {
    try await withScriptedRegistry(
      credentials: .init(name: "robot$old", password: "x"),
      answer: Self.harbor(Journal(), manifest: HarborAnswers.present)
    ) { client, _ in
      #expect(
        await client.reachability(within: .seconds(3)).map(\.state)
          == [.refused("it refuses the credentials of robot$old")])
    }
  }

  @Test func `a server's error is no verdict about the image`() async throws {
    try await withScriptedRegistry(
      credentials: Self.robot, answer: Self.harbor(Journal(), manifest: HarborAnswers.internalError)
    ) { client, server in
      #expect(await client.ask(hello()) == .unknown("127.0.0.1:\(server.port): it answers 500"))
    }
  }
}
