import HTTPClient
import KubernetesObjects
import Testing

@testable import KubernetesClient

@Suite struct KubernetesErrorTests {
  /// Every refusal of the recorded exchanges, and the kind it must be taken for.
  static let expected: [String: KubernetesError.Code] = [
    "422 patch wrong container name, no image (dry run)": .invalid,
    "404 no such deployment": .notFound,
    "404 no such namespace": .notFound,
    "404 no such path": .notFound,
    "404 unknown resource": .notFound,
    "409 PUT with a stale resourceVersion": .conflict,
    "409 PATCH carrying a stale metadata.resourceVersion": .conflict,
    "422 PATCH carrying another metadata.uid (immutable field, not a 409)": .invalid,
    "409 create, AlreadyExists": .alreadyExists,
    "409 server-side apply conflict with another manager": .fieldManagerConflict,
    "403 viewer may not patch": .forbidden,
    "403 nobody may not get": .forbidden,
    "403 nobody may not watch": .forbidden,
    "403 deployer may not list pods": .forbidden,
    "403 RBAC answers before existence: nobody, namespace does not exist": .forbidden,
    "401 bad token": .unauthorized,
    "403 anonymous": .forbidden,
    "422 invalid image (empty)": .invalid,
    "422 two errors: replicas -1 and bad port": .invalid,
    "422 immutable selector": .invalid,
    "422 json-patch test failed": .invalid,
    "422 json-patch bad path": .invalid,
    "400 patch body is not JSON": .invalid,
    "422 wrong type in patch": .invalid,
    "415 wrong patch content type": .invalid,
    "unknown field, fieldValidation=Strict (422)": .invalid,
    "404 text/plain body: extensions/v1beta1 rollback is gone": .notFound,
    "409 DELETE with a wrong uid precondition": .conflict,
    "405 method not allowed": .invalid,
    "406 not acceptable": .invalid,
    "list at a resourceVersion of the future, NotOlderThan": .serverTimeout,
    "get at a resourceVersion of the future": .serverTimeout,
    "watch with a malformed resourceVersion": .refused,
    "malformed continue token": .invalid,
    "after an apiserver restart: list with the old continue token": .gone,
    "after an apiserver restart: list resourceVersionMatch=Exact at the old resourceVersion": .gone,
    "bad label selector (400)": .invalid,
    "unsupported field selector (400)": .invalid,
  ]

  static func refusals() throws -> [Recorded.Exchange] {
    try ["g-too-old-resourceversion", "h-patch-and-errors", "h2-discovery-access-lists"]
      .flatMap { try Recorded.exchanges($0) }.filter { $0.status >= 400 }
  }

  static func error(_ exchange: Recorded.Exchange) -> KubernetesError {
    var headers = HTTPHeaders()
    for (name, value) in exchange.responseHeaders { headers.add(name, value) }
    return KubernetesError(
      HTTPResponse(
        head: HTTPResponseHead(status: exchange.status, headers: headers), body: Array(exchange.responseBody.utf8)),
      request: "\(exchange.request.method) x")
  }

  @Test func mapsEveryRecordedRefusal() throws {
    let refusals = try Self.refusals()
    #expect(refusals.count == Self.expected.count)
    for exchange in refusals {
      let error = Self.error(exchange)
      #expect(error.code == Self.expected[exchange.case], "\(exchange.case)")
      #expect(error.status == exchange.status)
    }
  }

  @Test func keepsReasonCausesAndPatience() throws {
    let refusals = try Self.refusals()
    let tooLarge = try #require(refusals.first { $0.case.hasPrefix("list at a resourceVersion of the future") })
    let error = Self.error(tooLarge)
    #expect(error.isResourceVersionTooLarge)
    #expect(error.retryAfter == .seconds(1))
    #expect(error.reason == "Timeout")
    let conflict = try #require(refusals.first { $0.case.contains("conflict with another manager") })
    #expect(Self.error(conflict).causes.first?.field == ".spec.template.spec.containers[name=\"hello\"].image")
  }

  @Test func toleratesPlainTextAndNothing() {
    let plain = KubernetesError(
      HTTPResponse(head: HTTPResponseHead(status: 404), body: Array("404 page not found\nmore\n".utf8)),
      request: "GET x")
    #expect(plain.message == "GET x: 404 page not found")
    let empty = KubernetesError(HTTPResponse(head: HTTPResponseHead(status: 502)), request: "GET x")
    #expect(empty.code == .refused)
  }

  @Test(arguments: [
    (HTTPClientError.Code.connect, KubernetesError.Code.unreachable), (.nameResolution, .unreachable),
    (.timeout, .unreachable), (.connectionLost, .unreachable), (.failed, .unreachable), (.tls, .tls),
    (.tooLarge, .malformedAnswer), (.protocolViolation, .malformedAnswer), (.cancelled, .cancelled),
    (.shutDown, .cancelled), (.invalidRequest, .invalid),
  ])
  func mapsTransportErrors(_ code: HTTPClientError.Code, _ expected: KubernetesError.Code) {
    let error = KubernetesError(
      HTTPClientError(code: code, message: "m", mayHaveReachedServer: false), request: "GET x")
    #expect(error.code == expected)
  }

  @Test func retryAfterIsSecondsOrADateByTheServersClock() {
    #expect(KubernetesError.retryAfter(["Retry-After": "7"]) == .seconds(7))
    #expect(KubernetesError.retryAfter(["Retry-After": "-1"]) == nil)
    #expect(KubernetesError.retryAfter(["Retry-After": "soon"]) == nil)
    #expect(KubernetesError.retryAfter([:]) == nil)
    #expect(
      KubernetesError.retryAfter([
        "Retry-After": "Mon, 23 Nov 2026 22:01:31 GMT", "Date": "Mon, 23 Nov 2026 22:01:21 GMT",
      ]) == .seconds(10))
    #expect(KubernetesError.retryAfter(["Retry-After": "Mon, 23 Nov 2026 22:01:31 GMT"]) == nil)
  }

  @Test func readsWarningHeaders() throws {
    let warned = try #require(
      try Recorded.exchanges("h-patch-and-errors").first { $0.case.hasPrefix("unknown field, default") })
    let header = try #require(warned.responseHeaders["Warning"])
    #expect(WarningHeader.texts(header) == ["unknown field \"spec.replicaz\""])
    #expect(WarningHeader.texts(#"299 - "a, \\ b", 299 - "c""#) == [#"a, \ b"#, "c"])
    #expect(WarningHeader.texts("299 - unquoted").isEmpty)
  }
}
