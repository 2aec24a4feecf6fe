import RollbackTestKit

/// Harbor's answers, written after its source, github.com/goharbor/harbor, of the 2.x line; none was recorded.
///
/// - Errors are `{"errors":[{"code","message"}]}` with a line end (src/lib/http/error.go, `SendError`), of these codes
///   and statuses: `PROJECTPOLICYVIOLATION` 412, `NOT_FOUND` 404, `UNAUTHORIZED` 401, `PRECONDITION` 412, `UNKNOWN` 500.
/// - HEAD of a manifest goes through the same policies as GET (src/server/registry/route.go): content trust, then
///   vulnerabilities. Like every answer to HEAD it has no body.
/// - A HEAD without `Authorization` is always challenged, for public projects too, by a Bearer challenge with
///   the realm `…/service/token` and the service `harbor-registry`; with `Authorization`, by `Basic realm="harbor"`
///   (src/server/middleware/v2auth/auth.go).
enum HarborAnswers {
  typealias Answer = ScriptedHTTPServer.Answer
  static let digest = "sha256:" + String(repeating: "1c9e", count: 16)

  static func error(_ status: Int, _ code: String, _ message: String, _ headers: [(String, String)] = []) -> Answer {
    Answer(
      status: status,
      headers: headers + [("Content-Type", "application/json; charset=utf-8"), ("X-Request-Id", "c0ffee")],
      text: #"{"errors":[{"code":"\#(code)","message":"\#(message)"}]}"# + "\n")
  }

  /// The challenge of a request without `Authorization`.
  static func challenge(_ base: String) -> Answer {
    error(
      401, "UNAUTHORIZED", "authorize header needed to send HEAD to repository",
      [
        (
          "Www-Authenticate",
          #"Bearer realm="\#(base)/service/token",service="harbor-registry",scope="repository:octave/hello:pull""#
        ), ("Docker-Distribution-Api-Version", "registry/2.0"),
      ])
  }

  /// A token that was not good enough.
  static let refusedToken = error(
    401, "UNAUTHORIZED", "unauthorized to access repository: octave/hello, action: pull",
    [("Www-Authenticate", #"Basic realm="harbor""#)])

  static func token(_ token: String) -> Answer {
    Answer(text: #"{"token":"\#(token)","access_token":"","expires_in":1800,"issued_at":"2026-11-25T22:00:00Z"}"#)
  }

  static let present = Answer(headers: [
    ("Docker-Content-Digest", digest), ("Content-Type", "application/vnd.oci.image.manifest.v1+json"),
    ("Docker-Distribution-Api-Version", "registry/2.0"),
  ])

  /// No report of a scan yet (src/server/middleware/vulnerable/vulnerable.go, shortened).
  static let notScanned = error(
    412, "PROJECTPOLICYVIOLATION", "current image without vulnerability scanning cannot be pulled")
  /// The same, while a scan runs.
  static let scanPending = error(
    412, "PROJECTPOLICYVIOLATION", #"current image with \"Running\" status of vulnerability scanning cannot be pulled"#)
  /// The same, with vulnerabilities above the project's threshold: quarantined.
  static let vulnerable = error(
    412, "PROJECTPOLICYVIOLATION", "current image with 3 vulnerabilities cannot be pulled")
  /// src/server/middleware/contenttrust/cosign.go
  static let notSigned = error(412, "PROJECTPOLICYVIOLATION", "The image is not signed in Cosign.")
  /// No scanner for a project that demands scans (issue 13696).
  static let noScanner = error(412, "PRECONDITION", "no scanner registration configured for project: 34")
  static let artifactGone = error(404, "NOT_FOUND", "artifact octave/hello:v2 not found")
  static let internalError = error(500, "UNKNOWN", "internal server error")
}
