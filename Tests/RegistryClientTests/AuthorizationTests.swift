import HTTPClient
import Testing

@testable import RegistryClient

@Suite struct TokenServiceTests {
  private func service(realm: String, of registry: String = "https://harbor.example") throws -> TokenService {
    try TokenService(
      AuthenticationChallenge(scheme: "bearer", parameters: ["realm": realm, "service": "harbor registry"]),
      of: HTTPURL(parsing: registry))
  }

  @Test func `the token's address has service and scope, encoded`() throws {
    let service = try service(realm: "https://harbor.example/service/token?account=x")
    #expect(
      service.url(scope: "repository:o/h:pull").description
        == "https://harbor.example/service/token?account=x&service=harbor%20registry&scope=repository%3Ao%2Fh%3Apull")
    #expect(service.url(scope: "").query == "account=x&service=harbor%20registry")
  }

  @Test(arguments: [
    ("https://HARBOR.example/t", "https://harbor.example", ""),
    ("https://harbor.example:8443/t", "https://harbor.example", ""),
    ("https://127.0.0.1:1/t", "http://127.0.0.1:5000", ""), ("http://127.0.0.1:1/t", "http://127.0.0.1:5000", ""),
    ("https://evil.example/t", "https://harbor.example", "on another host, evil.example"),
    ("https://harbor.example.evil.example/t", "https://harbor.example", "on another host"),
    ("http://harbor.example/t", "https://harbor.example", "no TLS"), ("", "https://harbor.example", "without saying"),
    ("/service/token", "https://harbor.example", "is none"),
    ("https://harbor.example@evil.example/", "https://harbor.example", "is none"),
  ])
  func `a realm is followed on the registry's own host only, over no worse a scheme`(
    realm: String, registry: String, reason: String
  ) throws {
    do throws(TokenService.Refusal) {
      _ = try TokenService(
        AuthenticationChallenge(scheme: "bearer", parameters: ["realm": realm]), of: Self.url(registry))
      #expect(reason.isEmpty, "followed \(realm)")
    } catch {
      #expect(!reason.isEmpty && error.reason.contains(reason), "\(error.reason)")
    }
  }

  private static func url(_ text: String) -> HTTPURL {
    let url = try? HTTPURL(parsing: text)
    return url ?? HTTPURL(scheme: .https, host: "unreadable")
  }

  @Test(
    arguments: [
      (#"{"token":"a","expires_in":300}"#, "a", .seconds(300)), (#"{"access_token":"b"}"#, "b", .seconds(60)),
      (#"{"token":"","access_token":"c","expires_in":0}"#, "c", .zero),
      (#"{"token":"d","expires_in":-5}"#, "d", .zero), (#"{"token":"e","expires_in":1e30}"#, "e", .seconds(86_400)),
      (#"{"expires_in":300}"#, nil, nil), (#"{"token":"two words"}"#, nil, nil), ("<html>", nil, nil), ("", nil, nil),
    ] as [(String, String?, Duration?)])
  func `tokens and their lives`(body: String, token: String?, lifetime: Duration?) {
    let read = RegistryToken(Array(body.utf8))
    #expect(read?.token == token)
    #expect(read?.lifetime == lifetime)
  }
}

@Suite struct AuthorizationMemoryTests {
  private let registry = HTTPURL(scheme: .https, host: "harbor.example")

  private func token(_ text: String, _ lifetime: Int) throws -> RegistryToken {
    try #require(RegistryToken(Array(#"{"token":"\#(text)","expires_in":\#(lifetime)}"#.utf8)))
  }

  @Test(arguments: [(300, 290), (60, 50), (10, 8), (1, 0)])
  func `a token is not used in the last part of its life`(lifetime: Int, usable: Int) throws {
    var memory = AuthorizationMemory()
    memory.keep(try token("t", lifetime), for: "s", of: registry, at: .seconds(100))
    #expect(memory.token(for: "s", of: registry, at: .seconds(100 + usable - 1)) == "t")
    #expect(memory.token(for: "s", of: registry, at: .seconds(100 + lifetime)) == nil)
    #expect(memory.token(for: "s", of: registry, at: .seconds(100 + usable + 1)) == nil)
    #expect(memory.token(for: "other", of: registry, at: .seconds(100)) == nil)
  }

  @Test func `a refused token is forgotten, but not its successor`() throws {
    var memory = AuthorizationMemory()
    memory.keep(try token("new", 300), for: "s", of: registry, at: .zero)
    memory.drop("old", for: "s", of: registry)
    #expect(memory.token(for: "s", of: registry, at: .zero) == "new")
    memory.drop("new", for: "s", of: registry)
    #expect(memory.token(for: "s", of: registry, at: .zero) == nil)
  }

  @Test func `it is bounded, and the token that ends first makes room`() throws {
    var memory = AuthorizationMemory()
    for number in 0...AuthorizationMemory.capacity {
      memory.keep(try token("t", 1000 + number), for: "s\(number)", of: registry, at: .zero)
    }
    #expect(memory.token(for: "s0", of: registry, at: .zero) == nil)
    #expect(memory.token(for: "s1", of: registry, at: .zero) == "t")
    #expect(memory.token(for: "s\(AuthorizationMemory.capacity)", of: registry, at: .zero) == "t")
  }
}

@Suite struct AuthorizationCourseTests {
  private static let registry = HTTPURL(scheme: .https, host: "harbor.example")
  private static let scope = "repository:octave/hello:pull"
  private static let bearer = #"Bearer realm="https://harbor.example/service/token",service="harbor-registry""#
  private let robot = RegistryCredentials.Login(name: "robot$x", password: "p")

  private func course(_ login: RegistryCredentials.Login?) -> AuthorizationCourse {
    AuthorizationCourse(registry: Self.registry, scope: Self.scope, login: login)
  }

  private func token(_ text: String) throws -> RegistryToken {
    try #require(RegistryToken(Array(#"{"token":"\#(text)","expires_in":300}"#.utf8)))
  }

  private var service: TokenService {
    get throws {
      try TokenService(try #require(AuthenticationChallenge.parse([Self.bearer]).first), of: Self.registry)
    }
  }

  @Test func `cold: a challenge, a token, and the next question needs neither`() throws {
    let service = try service
    let token = try token("t")
    var memory = AuthorizationMemory()
    var course = course(robot)
    #expect(course.begin(memory, at: .zero) == .send(.none))
    #expect(course.challenged([Self.bearer], &memory) == .fetchToken(service, scope: Self.scope, robot))
    #expect(course.received(token, &memory, at: .zero) == .send(.bearer("t")))
    var next = self.course(robot)
    #expect(next.begin(memory, at: .seconds(1)) == .send(.bearer("t")))
    // Another repository needs another token, but no challenge.
    var other = AuthorizationCourse(registry: Self.registry, scope: "repository:a/b:pull", login: robot)
    #expect(other.begin(memory, at: .zero) == .fetchToken(service, scope: "repository:a/b:pull", robot))
  }

  /// Harbor's answer to a token that it does not take is a challenge for Basic (src/server/middleware/v2auth).
  @Test(arguments: [Self.bearer, #"Basic realm="harbor""#, ""])
  func `a kept token that is refused is replaced, once`(challenge: String) throws {
    let service = try service
    let successor = try token("new")
    var memory = AuthorizationMemory()
    memory.note(.bearer(service), of: Self.registry)
    memory.keep(try token("old"), for: Self.scope, of: Self.registry, at: .zero)
    var course = course(robot)
    #expect(course.begin(memory, at: .zero) == .send(.bearer("old")))
    #expect(course.challenged([challenge], &memory) == .fetchToken(service, scope: Self.scope, robot))
    #expect(memory.token(for: Self.scope, of: Self.registry, at: .zero) == nil)
    #expect(course.received(successor, &memory, at: .zero) == .send(.bearer("new")))
    #expect(course.challenged([challenge], &memory) == .refused("it refuses the credentials of robot$x"))
    #expect(memory.token(for: Self.scope, of: Self.registry, at: .zero) == nil)
  }

  @Test func `Basic is sent when it is asked for, then at once, and not again when refused`() throws {
    var memory = AuthorizationMemory()
    var course = course(robot)
    #expect(course.begin(memory, at: .zero) == .send(.none))
    #expect(course.challenged([#"Basic realm="r""#], &memory) == .send(.basic(robot)))
    var next = self.course(robot)
    #expect(next.begin(memory, at: .zero) == .send(.basic(robot)))
    #expect(next.challenged([#"Basic realm="r""#], &memory) == .refused("it refuses the credentials of robot$x"))
  }

  @Test(arguments: [#"Basic realm="r""#, "", "Negotiate"])
  func `without credentials, or with no way to use them, it says so`(challenge: String) {
    var memory = AuthorizationMemory()
    var course = course(nil)
    #expect(course.begin(memory, at: .zero) == .send(.none))
    #expect(
      course.challenged([challenge], &memory)
        == .refused("it wants credentials, and none are configured for it"))
  }

  @Test func `no credentials go to a realm elsewhere`() {
    var memory = AuthorizationMemory()
    var course = course(robot)
    _ = course.begin(memory, at: .zero)
    guard case .refused(let why) = course.challenged([#"Bearer realm="https://evil.example/t""#], &memory) else {
      Issue.record("followed")
      return
    }
    #expect(why.contains("evil.example"))
    #expect(memory.manner(of: Self.registry) == nil)
  }
}
