import Foundation
import HTTPClient
import LinuxIO
import RollbackTestKit
import Testing

/// Against a real TLS server, with certificates made for the run.
@Suite(.timeLimit(.minutes(1)))
struct TLSTests {
  let certificates: TestCertificates

  init() async throws {
    certificates = try await TestCertificates()
  }

  /// Asks the server for a page, trusting `authority`.
  func get(
    _ server: TestServer, trust: TLSConfiguration.Trust, identity: TLSConfiguration.Identity? = nil,
    serverName: String? = nil, host: String = "127.0.0.1"
  ) async throws -> HTTPResponse {
    try await withClient(TLSConfiguration(trust: trust, identity: identity, serverName: serverName)) { client in
      try await client.execute(
        HTTPRequest(.get, HTTPURL(scheme: .https, host: host, port: server.port), timeouts: .init(total: .seconds(20))))
    }
  }

  func withClient<Value>(
    _ tls: TLSConfiguration, version: HTTPClientConfiguration.Version = .http1,
    _ body: (HTTPClient) async throws -> Value
  ) async throws -> Value {
    let loop = try EventLoop.start(label: "client")
    defer { loop.end() }
    var configuration = HTTPClientConfiguration()
    configuration.tls = tls
    configuration.version = version
    configuration.proxy = .direct
    let client = try HTTPClient(loop: loop, configuration: configuration)
    do {
      let value = try await body(client)
      await client.shutDown()
      return value
    } catch {
      await client.shutDown()
      throw error
    }
  }

  func expectOK(_ client: HTTPClient, _ url: HTTPURL) async throws {
    let response = try await client.execute(HTTPRequest(.get, url))
    #expect(response.status == 200)
  }

  func authority(_ name: String = "ca") throws -> TLSConfiguration.Trust {
    .authorities(pem: try certificates.pem("\(name).pem"))
  }

  func refusal(_ body: () async throws -> HTTPResponse) async -> HTTPClientError? {
    do {
      _ = try await body()
      Issue.record("was accepted")
      return nil
    } catch {
      return error as? HTTPClientError
    }
  }

  @Test func aServerOfThePrivateAuthorityIsTrusted() async throws {
    let server = try TestServer.openssl(certificates)
    #expect(try await get(server, trust: authority()).status == 200)
  }

  @Test func aServerOfAnotherAuthorityIsRefusedBeforeAnythingIsSent() async throws {
    let server = try TestServer.openssl(certificates)
    let error = await refusal { try await get(server, trust: authority("other")) }
    #expect(error?.code == .tls)
    #expect(error?.curlCode == 60)
    #expect(error?.mayHaveReachedServer == false)
  }

  @Test func aPrivateServerIsRefusedWhereTheSystemIsTrusted() async throws {
    let server = try TestServer.openssl(certificates)
    #expect(await refusal { try await get(server, trust: .system) }?.code == .tls)
  }

  /// Needs to write to the directory where the system keeps its authorities, so it runs only where it is asked to.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["ROLLBACKD_TEST_SYSTEM_TRUST"] != nil))
  func aServerKnownToTheSystemOnlyIsRefusedOnceAnAuthorityIsGiven() async throws {
    let hash = String(
      decoding: try await Shell.run("openssl x509 -hash -noout -in ca.pem", in: certificates.directory), as: UTF8.self)
    let link = "/etc/ssl/certs/\(hash.filter { !$0.isWhitespace }).0"
    try FileManager.default.copyItem(atPath: certificates.directory.appending(path: "ca.pem").path, toPath: link)
    defer { try? FileManager.default.removeItem(atPath: link) }
    let server = try TestServer.openssl(certificates)
    #expect(try await get(server, trust: .system).status == 200)
    #expect(await refusal { try await get(server, trust: authority("other")) }?.code == .tls)
  }

  @Test func aCertificateForAnotherNameIsRefused() async throws {
    let server = try TestServer.openssl(certificates, certificate: "wrong")
    #expect(await refusal { try await get(server, trust: authority()) }?.code == .tls)
  }

  @Test func anExpiredCertificateIsRefused() async throws {
    let server = try TestServer.openssl(certificates, certificate: "expired")
    #expect(await refusal { try await get(server, trust: authority()) }?.code == .tls)
  }

  @Test func theExpectedNameMayDifferFromTheHost() async throws {
    let server = try TestServer.openssl(certificates, certificate: "wrong")
    let response = try await get(server, trust: authority(), serverName: "elsewhere.test")
    #expect(response.status == 200)
    let good = try TestServer.openssl(certificates)
    #expect(await refusal { try await get(good, trust: authority(), serverName: "elsewhere.test") }?.code == .tls)
  }

  @Test func anyoneIsTrustedWhereItIsAskedFor() async throws {
    let server = try TestServer.openssl(certificates, certificate: "expired")
    #expect(try await get(server, trust: .anyone).status == 200)
  }

  @Test func aClientCertificateIsShownFromMemory() async throws {
    let server = try TestServer.openssl(
      certificates, options: ["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"])
    let identity = TLSConfiguration.Identity(
      certificatePEM: try certificates.pem("client.pem"), privateKeyPEM: try certificates.pem("client.key"))
    let response = try await get(server, trust: authority(), identity: identity)
    #expect(String(decoding: response.body, as: UTF8.self).contains("CN=client"))
    // With TLS 1.3 the server's refusal comes after the handshake, so it may look like a lost connection.
    let error = await refusal { try await get(server, trust: authority()) }
    #expect([.tls, .connectionLost].contains(error?.code))
  }

  @Test func aKeyThatDoesNotBelongToItsCertificateIsRefusedHere() async throws {
    let server = try TestServer.openssl(certificates)
    let mixed = TLSConfiguration.Identity(
      certificatePEM: try certificates.pem("client.pem"), privateKeyPEM: try certificates.pem("server.key"))
    #expect(await refusal { try await get(server, trust: authority(), identity: mixed) }?.code == .tls)
    let broken = TLSConfiguration.Identity(certificatePEM: [1, 2], privateKeyPEM: [])
    #expect(await refusal { try await get(server, trust: authority(), identity: broken) }?.code == .tls)
    let garbage = TLSConfiguration.Trust.authorities(pem: Array("no certificate".utf8))
    #expect(await refusal { try await get(server, trust: garbage) }?.code == .tls)
    #expect(await refusal { try await get(server, trust: .authorities(pem: [])) }?.code == .tls)
  }

  @Test func anotherConfigurationTakesEffectOnNewConnections() async throws {
    let server = try TestServer.nginx(certificates, locations: "location / { return 200 ok; }")
    let url = HTTPURL(scheme: .https, host: "127.0.0.1", port: server.port)
    try await withClient(TLSConfiguration(trust: authority())) { client in
      try await expectOK(client, url)
      // The pooled connection was made with the old trust, and is not used any more.
      let other = TLSConfiguration(trust: try authority("other"))
      #expect(await refusal { try await client.execute(HTTPRequest(.get, url), tls: other) }?.code == .tls)
      // It holds for what follows, too.
      #expect(await refusal { try await client.execute(HTTPRequest(.get, url)) }?.code == .tls)
      let ours = TLSConfiguration(trust: try authority())
      #expect(try await client.execute(HTTPRequest(.get, url), tls: ours).status == 200)
      try await expectOK(client, url)
    }
  }

  /// A configuration that travelled apart from its request could be overtaken by a request that counted on it.
  @Test func requestsAtOnceAreEachSentWithTheirOwnConfiguration() async throws {
    let server = try TestServer.nginx(certificates, locations: "location / { return 200 ok; }")
    let url = HTTPURL(scheme: .https, host: "127.0.0.1", port: server.port)
    let configurations = [TLSConfiguration(trust: try authority("other")), TLSConfiguration(trust: try authority())]
    try await withClient(TLSConfiguration(trust: .system)) { client in
      await withTaskGroup(of: (Int, Int?).self) { group in
        for number in 0..<20 {
          group.addTask {
            let answer = try? await client.execute(HTTPRequest(.get, url), tls: configurations[number % 2])
            return (number, answer?.status)
          }
        }
        for await (number, status) in group { #expect(status == (number.isMultiple(of: 2) ? nil : 200)) }
      }
    }
  }

  @Test func manyRequestsShareOneHTTP2Connection() async throws {
    let server = try TestServer.nginx(certificates, locations: "location / { return 200 $server_protocol; }")
    let url = HTTPURL(scheme: .https, host: "127.0.0.1", port: server.port)
    try await withClient(TLSConfiguration(trust: authority()), version: .http2) { client in
      let bodies = try await withThrowingTaskGroup(of: [UInt8].self) { group in
        for _ in 0..<40 { group.addTask { try await client.execute(HTTPRequest(.get, url)).body } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(bodies == [Array("HTTP/2.0".utf8)])
      #expect(await client.statistics.connectionsOpened == 1)
    }
    try await withClient(TLSConfiguration(trust: authority())) { client in
      let response = try await client.execute(HTTPRequest(.get, url))
      #expect(response.body == Array("HTTP/1.1".utf8))
    }
  }
}
