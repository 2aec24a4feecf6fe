import RollbackMessages
import Testing

@testable import RollbackService

/// What a list says of each row, without asking anybody.
@Suite struct EligibilityTests {
  @Test(
    arguments: [
      ("r/hello:v1", .superseded, false, false, "", ""), ("r/hello:v1", .failed, false, false, "", ""),
      ("r/hello:v1", .live, true, false, "", "it is what runs now"),
      // The store says so of a current deploy on top of which another was tried.
      ("r/hello:v1", .live, true, true, "", ""),
      ("r/hello:building", .failed, false, false, "", "it never produced an image"),
      ("", .failed, false, false, "", "it never produced an image"),
      ("r/hello:v1", .deploying, false, false, "", "it is in progress"),
      ("r/hello:v1", .superseded, false, false, "image_gone", "its image is gone from the registry"),
      ("r/hello:v1", .superseded, false, false, "image_blocked", "the registry blocks its image"),
      ("r/hello:v1", .superseded, false, false, "held by legal", "held by legal"),
      ("r/hello:v1", .live, true, true, "image_gone", "its image is gone from the registry"),
    ] as [(String, DeployStatus, Bool, Bool, String, String)])
  func `each row has a reason, or is a target`(
    image: String, status: DeployStatus, current: Bool, overtaken: Bool, barrier: String, reason: String
  ) {
    let row = DeployRecord(
      id: "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60", imageRef: image, status: status,
      timeToReady: status == .superseded ? .seconds(1) : nil, current: current, rollbackable: overtaken,
      notRollbackableReason: barrier)
    let marked = Eligibility.mark(row)
    #expect(marked.notRollbackableReason == reason)
    #expect(marked.rollbackable == reason.isEmpty)
  }
}
