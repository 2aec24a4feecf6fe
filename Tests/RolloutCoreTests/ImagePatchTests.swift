import Foundation
import KubernetesObjects
import RolloutCore
import Testing

@Suite struct ImagePatchTests {
  private let intent = ImagePatch.Intent(
    container: "web", image: "harbor/octave/web:v3", deployID: "c4410d7e", requestID: "r-1", actor: "ops")

  private func patch(_ intent: ImagePatch.Intent, on deployment: Deployment) throws -> ImagePatch {
    guard case .apply(let patch) = try ImagePatch.decide(intent, on: deployment) else {
      Issue.record("nothing to apply")
      throw CancellationError()
    }
    return patch
  }

  @Test func thePatchHoldsWhatIsMeantAndNothingElse() throws {
    let patch = try patch(intent, on: Objects.deployment())
    #expect(patch.resourceVersion == "100")
    #expect(
      patch.json == """
        {"metadata":{"uid":"dep","resourceVersion":"100","annotations":{"rollbackd.io/deploy-id":"c4410d7e",\
        "rollbackd.io/request-id":"r-1","rollbackd.io/actor":"ops"}},"spec":{"strategy":{"type":"RollingUpdate",\
        "rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},"template":{"spec":{"containers":[{"name":"web",\
        "image":"harbor/octave/web:v3"}]}}}}
        """)
  }

  @Test(arguments: [
    "\"},\"x\":{\"", "back\\slash", "line\nbreak\r\t", "\u{0}\u{1f}", "ünïcode 🚀 \u{2028}", "</script>",
  ])
  func whatCallersSendStaysText(actor: String) throws {
    var intent = intent
    intent.actor = actor
    let json = try patch(intent, on: Objects.deployment()).json
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    let metadata = object?["metadata"] as? [String: Any]
    let annotations = metadata?["annotations"] as? [String: String]
    #expect(annotations?["rollbackd.io/actor"] == actor)
    #expect(annotations?.count == 3 && metadata?.count == 3 && object?.count == 2)
  }

  @Test func anUnknownContainerIsRefusedBecauseThePatchWouldAddIt() {
    var intent = intent
    intent.container = "wbe"
    #expect(throws: ImagePatchRefusal.self) { try ImagePatch.decide(intent, on: Objects.deployment()) }
    do {
      _ = try ImagePatch.decide(intent, on: Objects.deployment())
    } catch {
      #expect(error.description == "deployment octave/web has no container wbe; it has web")
    }
  }

  @Test func whatCannotBeRolledIsRefusedWithItsReason() {
    func reason(_ change: (inout Deployment) -> Void) -> RefusalReason? {
      var deployment = Objects.deployment()
      change(&deployment)
      do {
        _ = try ImagePatch.decide(intent, on: deployment)
        return nil
      } catch {
        #expect(error.description.hasPrefix("deployment octave/web "))
        return error.reason
      }
    }
    #expect(reason { $0.spec.paused = true } == .deploymentPaused)
    #expect(reason { $0.metadata.deletionTimestamp = Timestamp(seconds: 1) } == .deploymentDeleted)
    #expect(
      reason { $0.spec.strategy = DeploymentStrategy(type: "Recreate", rollingUpdate: nil) } == .deploymentRecreate)
    #expect(reason { $0.spec.replicas = 0 } == nil)
  }

  @Test func aPatchWhoseAnswerWasLostIsRecognised() throws {
    var deployment = Objects.deployment(image: intent.image)
    deployment.metadata.annotations["rollbackd.io/deploy-id"] = intent.deployID
    #expect(try ImagePatch.decide(intent, on: deployment) == .alreadyApplied)
    deployment.spec.paused = true
    #expect(try ImagePatch.decide(intent, on: deployment) == .alreadyApplied, "paused since; it is ours all the same")
  }

  @Test func ourIdUnderAnotherImageMeansThatSomebodyDeployedOnTop() throws {
    var deployment = Objects.deployment(image: "harbor/octave/web:v9")
    deployment.metadata.annotations["rollbackd.io/deploy-id"] = intent.deployID
    #expect(try ImagePatch.decide(intent, on: deployment) == .overtaken(image: "harbor/octave/web:v9"))
  }

  @Test func theRightImageUnderAnotherIdStillNeedsOurMark() throws {
    #expect(throws: Never.self) { try patch(intent, on: Objects.deployment(image: intent.image)) }
  }

  // MARK: Putting an image back

  /// Deploy `d` brought in `a:v3`, which failed; `a:v2` ran before.
  private static let reversal = ImagePatch.Reversal(
    container: "web", image: "a:v2", failedImage: "a:v3", deployID: "d")

  @Test(
    arguments: [
      (["rollbackd.io/deploy-id": "d"], "a:v3", nil),
      (["rollbackd.io/deploy-id": "d", "rollbackd.io/reverted": "d"], "a:v2", .alreadyApplied),
      (["rollbackd.io/deploy-id": "d", "rollbackd.io/reverted": "before"], "a:v3", nil),
      // By hand, on top of what failed, or on top of what was put back.
      (["rollbackd.io/deploy-id": "d"], "a:v9", .overtaken(image: "a:v9")),
      (["rollbackd.io/deploy-id": "d", "rollbackd.io/reverted": "d"], "a:v9", .overtaken(image: "a:v9")),
      // Another deploy of rollbackd took its place, be it with the same image.
      (["rollbackd.io/deploy-id": "e"], "a:v3", .overtaken(image: "a:v3")),
      ([:], "a:v3", .overtaken(image: "a:v3")),
    ] as [([String: String], String, ImagePatch.Decision?)])
  func onlyWhatFailedIsPutBack(
    annotations: [String: String], image: String, expected: ImagePatch.Decision?
  ) throws {
    var deployment = Objects.deployment()
    deployment.metadata.annotations = annotations
    deployment.spec.template.spec.containers[0].image = image
    let decision = try ImagePatch.decideRevert(Self.reversal, on: deployment)
    if let expected {
      #expect(decision == expected)
    } else if case .apply(let patch) = decision {
      #expect(patch.json.contains(#""rollbackd.io/reverted":"d""#))
      #expect(patch.json.contains(#"{"name":"web","image":"a:v2"}"#))
      #expect(!patch.json.contains("deploy-id"))
      #expect(patch.resourceVersion == deployment.metadata.resourceVersion)
    } else {
      Issue.record("\(decision)")
    }
  }
}
