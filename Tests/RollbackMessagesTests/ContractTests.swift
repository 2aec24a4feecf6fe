import RollbackMessages
import Testing

@Suite("Names of the contract")
struct ContractTests {
  @Test(
    "reasons have the status codes that the contract gives them",
    arguments: [
      (.invalidRollbackTarget, "invalid_rollback_target", 3), (.invalidArgument, "invalid_argument", 3),
      (.notFound, "not_found", 5), (.conflict, "conflict", 10), (.imageGone, "image_gone", 9),
      (.imageBlocked, "image_blocked", 9), (.deploymentPaused, "deployment_paused", 9),
      (.deploymentDeleted, "deployment_deleted", 9), (.deploymentRecreate, "deployment_recreate", 9),
      (.expectationFailed, "expectation_failed", 9), (.notPermitted, "not_permitted", 7),
      (.unauthenticated, "unauthenticated", 16), (.unavailable, "unavailable", 14),
      (.deadlineExceeded, "deadline_exceeded", 4), (.resourceExhausted, "resource_exhausted", 8),
      (.unimplemented, "unimplemented", 12), (.internal, "internal", 13),
    ] as [(ErrorReason, String, UInt32)])
  func reasons(_ reason: ErrorReason, _ name: String, _ code: UInt32) {
    #expect(reason.rawValue == name)
    #expect(reason.statusCode == code)
  }

  @Test("methods are called by the names of the proto file")
  func methods() {
    #expect(RollbackMethod.service == "rollback.v1.RollbackService")
    #expect(
      RollbackMethod.allCases.map(\.rawValue) == [
        "ListDeploys", "PlanRollback", "Rollback", "Deploy", "WatchDeploy", "CancelDeploy", "AuditQuery", "VerifyAudit",
        "GetHealth", "RegisterApp", "ListApps", "RecordMigration", "ListMigrations",
      ])
  }

  @Test("a description never shows a token")
  func tokens() {
    let rollback = RollbackRequest(app: "hello", options: RolloutOptions(reason: "why", token: "s3cret"))
    let cancel = CancelDeployRequest(deploy: "id", token: "s3cret")
    for text in ["\(rollback)", String(reflecting: rollback), "\(cancel)", String(reflecting: cancel)] {
      #expect(!text.contains("s3cret"))
      #expect(text.contains("token: given"))
    }
  }

  @Test("random ids are version 4 and in canonical form")
  func randomIDs() {
    var seen: Set<String> = []
    for _ in 0..<200 {
      let id = UUIDText.random()
      #expect(UUIDText.canonical(id) == id)
      #expect(id[id.index(id.startIndex, offsetBy: 14)] == "4")
      #expect("89ab".contains(id[id.index(id.startIndex, offsetBy: 19)]))
      seen.insert(id)
    }
    #expect(seen.count == 200)
  }

  @Test("ids are compared in lower case, and only whole ones are ids")
  func canonicalIDs() {
    #expect(UUIDText.canonical("0BD91E44-5A7C-4F0E-9A53-3F2D8C1B7E60") == "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60")
    for text in [
      "", "0bd91e44", "0bd91e445a7c4f0e9a533f2d8c1b7e60", "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e6g",
      "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60 ", "0bd91e4-45a7c-4f0e-9a53-3f2d8c1b7e60",
      "0bd91e44_5a7c-4f0e-9a53-3f2d8c1b7e60",
    ] {
      #expect(UUIDText.canonical(text) == nil)
    }
  }
}
