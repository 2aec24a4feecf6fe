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
}
