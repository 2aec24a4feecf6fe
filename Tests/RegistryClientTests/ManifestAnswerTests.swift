import HTTPClient
import Testing

@testable import RegistryClient

@Suite struct ManifestAnswerTests {
  private static let digest = "sha256:" + String(repeating: "1c9e", count: 16)
  private static let other = "sha256:" + String(repeating: "77ab", count: 16)
  private static let index = "application/vnd.oci.image.index.v1+json"

  private func answer(
    _ status: Int, _ body: String = "", headers: HTTPHeaders = [:], askedFor digest: String? = nil
  ) -> ManifestAnswer {
    ManifestAnswer(
      HTTPResponse(head: HTTPResponseHead(status: status, headers: headers), body: Array(body.utf8)), askedFor: digest)
  }

  @Test func `a manifest that is there says its digest and its type`() {
    let headers: HTTPHeaders = ["Docker-Content-Digest": Self.digest, "Content-Type": Self.index + "; charset=utf-8"]
    guard case .present(let found) = answer(200, headers: headers) else { return #expect(Bool(false)) }
    #expect(found.digest == Self.digest)
    #expect(found.isIndex)
    // The specification lets a registry leave the header out.
    #expect(answer(200) == .present(FoundManifest(digest: nil, mediaType: "")))
    #expect(
      answer(200, askedFor: Self.digest) == .present(FoundManifest(digest: Self.digest, mediaType: "")))
    #expect(answer(200, headers: ["Docker-Content-Digest": "sha256:x"]) == answer(200))
  }

  @Test func `an answer for another digest than was asked for is no proof`() {
    guard case .unknown = answer(200, headers: ["Docker-Content-Digest": Self.other], askedFor: Self.digest) else {
      return #expect(Bool(false))
    }
  }

  @Test(arguments: [
    (404, #"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#, ManifestAnswer.missing),
    (404, #"{"errors":[{"code":"NAME_UNKNOWN","message":"repository name not known to registry"}]}"#, .missing),
    (404, #"{"errors":[{"code":"NOT_FOUND","message":"artifact octave/hello:v9 not found"}]}"#, .missing),
    (404, "404 page not found\n", .unknown("it answers 404 as no registry does; is its address right?")),
    (404, "<html>nginx</html>", .unknown("it answers 404 as no registry does; is its address right?")),
    (
      403, #"{"errors":[{"code":"DENIED","message":"access to the resource is denied"}]}"#,
      .unauthorized("it denies access: access to the resource is denied")
    ),
    (403, "", .unauthorized("it denies access (403)")),
    (
      403, #"{"errors":[{"code":"DENIED","message":"download blocked: quarantined"}]}"#,
      .blocked("download blocked: quarantined")
    ),
    (412, "", .blocked("a policy of the project, for which it gives no reason")),
    (451, #"{"errors":[{"code":"UNAVAILABLE","message":"court order"}]}"#, .blocked("court order")),
    (307, "", .unknown("it redirects elsewhere (307), which is not followed")),
    (429, "", .unknown("it has too many requests (429)")),
    (
      500, #"{"errors":[{"code":"UNKNOWN","message":"internal server error"}]}"#,
      .unknown("it answers 500 (UNKNOWN: internal server error)")
    ),
    (502, "<html>", .unknown("it answers 502")),
    (400, #"{"errors":[{"code":"NAME_INVALID"}]}"#, .unknown("it answers 400 (NAME_INVALID)")),
  ])
  func `refusals`(status: Int, body: String, expected: ManifestAnswer) {
    #expect(answer(status, body) == expected)
  }

  @Test func `a registry's words are shown on one line, bounded and without control characters`() {
    let long = String(repeating: "x", count: 1000)
    let body = RegistryErrorBody(Array(#"{"errors":[{"code":"A","message":"a\nb\u001b[31m\#(long)"}]}"#.utf8))
    #expect(body?.message.hasPrefix("a b [31mxxx") == true)
    #expect(body?.message.count == 401)
  }

  @Test(
    arguments: [
      (.present(.init(digest: digest, mediaType: "")), nil, .present(.init(digest: digest, mediaType: ""))),
      (
        .present(.init(digest: digest, mediaType: "")), .present(.init(digest: digest, mediaType: "")),
        .present(.init(digest: digest, mediaType: ""))
      ),
      (
        .present(.init(digest: digest, mediaType: "")), .present(.init(digest: other, mediaType: "")),
        .moved(.init(digest: digest, mediaType: ""), tag: other)
      ),
      // A tag that is gone, blocked or unknown says nothing against the digest.
      (.present(.init(digest: digest, mediaType: "")), .missing, .present(.init(digest: digest, mediaType: ""))),
      (
        .present(.init(digest: digest, mediaType: "")), .unknown("x"), .present(.init(digest: digest, mediaType: ""))
      ),
      // A recorded digest that is gone is gone, whatever the tag names now.
      (.missing, .present(.init(digest: other, mediaType: "")), .gone),
      (.blocked("scan"), .present(.init(digest: other, mediaType: "")), .blocked("scan")),
      (.unauthorized("no"), nil, .unauthorized("h: no")), (.unknown("late"), .missing, .unknown("h: late")),
    ] as [(ManifestAnswer, ManifestAnswer?, ManifestVerdict)])
  func `the recorded digest decides, the tag only tells of moving`(
    digest: ManifestAnswer, tag: ManifestAnswer?, expected: ManifestVerdict
  ) {
    #expect(ManifestVerdict(digest: digest, tag: tag, registry: "h") == expected)
  }

  @Test func `an index's platforms, without attestations`() {
    let body =
      #"{"schemaVersion":2,"manifests":[{"digest":"sha256:a","platform":{"os":"linux"}},"#
      + #"{"digest":"sha256:b","platform":{"os":"unknown"}},{"digest":"sha256:c"}]}"#
    #expect(ImageIndex.platformDigests(Array(body.utf8)) == ["sha256:a", "sha256:c"])
    #expect(ImageIndex.platformDigests([]) == [])
  }
}
