import Testing

@testable import Failpoints

@Suite struct FailpointPlanTests {
  @Test(arguments: [
    ("FP7=kill@3", Failpoint.beforePatch, 3, FailpointPlan.Action?.some(.kill)),
    ("FP7=kill@3", .beforePatch, 2, nil),
    ("FP7=kill@3", .beforePatch, 4, nil),
    ("FP7=kill@3", .patchSent, 3, nil),
    ("FP14=sleep", .leaseRenewal, 1, .sleep(milliseconds: 5000)),
    ("FP14=sleep:0.25", .leaseRenewal, 1, .sleep(milliseconds: 250)),
    ("FP2=error@2+", .beforeIntent, 1, nil),
    ("FP2=error@2+", .beforeIntent, 9, .error),
    ("FP1=abort, FP16=stop", .drained, 1, .stop),
    ("", .requestDecoded, 1, nil),
  ])
  func `a plan says at which hit what happens`(
    text: String, point: Failpoint, hit: Int, expected: FailpointPlan.Action?
  ) throws {
    #expect(try FailpointPlan(text).action(at: point, hit: hit) == expected)
  }

  @Test(arguments: [
    ("FP17=kill", "FP17=kill: expected POINT=ACTION[@N[+]], with a point of FP1 to FP16"),
    ("FP1", "FP1: expected POINT=ACTION[@N[+]], with a point of FP1 to FP16"),
    ("FP1=explode", "FP1=explode: an action is kill, abort, stop, error, sleep or sleep:SECONDS"),
    ("FP1=sleep:-1", "FP1=sleep:-1: an action is kill, abort, stop, error, sleep or sleep:SECONDS"),
    ("FP1=kill@0", "FP1=kill@0: after @ stands the number of the hit, from 1"),
    ("FP1=kill@x", "FP1=kill@x: after @ stands the number of the hit, from 1"),
  ])
  func `a plan that is wrong is refused in a sentence`(text: String, sentence: String) {
    let error = #expect(throws: FailpointPlanError.self) { try FailpointPlan(text) }
    #expect(error?.description == sentence)
  }

  @Test func `there are the sixteen points of the list`() {
    #expect(Failpoint.allCases.map(\.rawValue) == (1...16).map { "FP\($0)" })
  }
}
