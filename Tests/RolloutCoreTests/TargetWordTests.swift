import RolloutCore
import Testing

@Suite struct TargetWordTests {
  @Test(
    arguments: [
      ("", .lastKnownGood), ("current", .current), ("previous", .back(1)), ("-1", .back(1)), ("-1000", .back(1000)),
      ("0", .id(beginning: "0")), ("0BD9", .id(beginning: "0bd9")), ("0bd91e44-5a7c", .id(beginning: "0bd91e44-5a7c")),
    ] as [(String, TargetWord)])
  func whatAWordMeans(text: String, word: TargetWord) throws {
    #expect(try TargetWord(text) == word)
  }

  @Test(arguments: [
    "newest", "-0", "--1", "-x", "-", "-1001", "-99999999999999999999", "0x1f", "v2", "'; drop", "ａｂ", " ",
    "0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e601",
  ])
  func whatCanNameNoDeployIsRefused(text: String) {
    #expect(performing: { try TargetWord(text) }, throws: { ($0 as? Refusal)?.reason == .invalidArgument })
  }
}

@Suite struct RolloutEstimateTests {
  private func seconds(_ values: [Int]) -> [Duration] { values.map { .seconds($0) } }

  @Test(arguments: [
    ([24], [90, 91], 24.0, 1, true), ([30, 10, 20], [], 20, 3, true), ([30, 10, 20, 600], [], 25, 4, true),
    // The newest five of the image count, and the newest ten of the app.
    ([1, 1, 1, 1, 1, 100, 100, 100, 100, 100, 100, 100], [], 1, 5, true), ([], [7, 9], 8, 2, false),
    ([], [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 99, 99, 99, 99], 5, 10, false),
  ])
  func theMedianOfTheImagesRolloutsElseOfTheApps(
    same: [Int], any: [Int], expected: Double, count: Int, isSameImage: Bool
  ) throws {
    let estimate = try #require(RolloutEstimate(sameImage: seconds(same), anyImage: seconds(any)))
    #expect(estimate.duration == .seconds(expected))
    #expect(estimate.rollouts == count)
    #expect(estimate.isSameImage == isSameImage)
  }

  @Test func withoutAHistoryThereIsNone() {
    #expect(RolloutEstimate(sameImage: [], anyImage: []) == nil)
  }
}
