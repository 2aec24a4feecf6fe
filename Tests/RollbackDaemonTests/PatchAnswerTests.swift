import KubernetesClient
import KubernetesObjects
import RollbackService
import Testing

@testable import RollbackDaemon

/// What an API server's answer means for a patch.
@Suite struct PatchAnswerTests {
  private func word(_ error: KubernetesError) -> String {
    switch PatchAnswer(error) {
    case nil: "given up"
    case .applied: "applied"
    case .conflict: "conflict"
    case .notFound: "not found"
    case .unsent: "unsent"
    case .refused: "refused"
    case .unknown: "unknown"
    }
  }

  @Test(
    arguments: [
      (.conflict, "conflict"), (.alreadyExists, "conflict"), (.fieldManagerConflict, "conflict"),
      (.notFound, "not found"), (.forbidden, "refused"), (.invalid, "refused"), (.credentials, "unsent"),
      (.unauthorized, "unsent"), (.unreachable, "unknown"), (.tls, "unknown"), (.serverTimeout, "unknown"),
      (.throttled, "unknown"), (.gone, "unknown"), (.refused, "unknown"), (.malformedAnswer, "unknown"),
      (.cancelled, "given up"),
    ] as [(KubernetesError.Code, String)])
  func `each kind of error`(code: KubernetesError.Code, expected: String) {
    #expect(word(KubernetesError(code: code, message: "x")) == expected)
  }

  @Test(arguments: [KubernetesError.Code.throttled, .refused])
  func `how long to wait is passed on`(code: KubernetesError.Code) {
    let error = KubernetesError(code: code, message: "too many requests", status: 429, retryAfter: .seconds(7))
    switch PatchAnswer(error) {
    case .unknown(_, let retryAfter): #expect(retryAfter == .seconds(7))
    default: Issue.record("it is known")
    }
    #expect(ServiceError(error, "x").retryAfter == .seconds(7))
  }

  @Test func `another object of the name is a conflict, whatever else has uid in its text is not`() {
    func invalid(_ message: String, _ field: String) -> KubernetesError {
      KubernetesError(
        code: .invalid, message: message, status: 422, reason: "Invalid",
        causes: [Status.Cause(reason: "FieldValueInvalid", message: message, field: field)])
    }
    // As recorded from a real API server.
    #expect(word(invalid("metadata.uid: Invalid value: \"0\": field is immutable", "metadata.uid")) == "conflict")
    #expect(
      word(
        invalid(
          "spec.template.spec.securityContext.runAsGuid must be positive",
          "spec.template.spec.containers[0].securityContext.runAsUser")) == "refused")
  }
}
