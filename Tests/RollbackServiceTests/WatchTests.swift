import RollbackMessages
import Testing

@testable import RollbackService

@Suite struct WatchTests {
  /// The newest is not always one that went live.
  @Test func `watching an app means its newest deploy, also one that failed`() async throws {
    try await Harness.run { harness in
      harness.database.addApp("hello")
      harness.database.addDeploy("r/hello:v2", .live, current: true)
      harness.database.addDeploy("r/hello:v3", .failed)
      let frames = FrameCollector()
      try await harness.service.watchDeploy(WatchDeployRequest(app: "hello"), from: Harness.operatorCaller) {
        frames.add($0)
      }
      #expect(frames.all.finished?.deploy?.imageRef == "r/hello:v3")
      #expect(frames.all.finished?.outcome == .failed)
    }
  }

  /// Numbers are counted on from what the caller says.
  @Test func `a frame number that no frame can have is refused`() async throws {
    try await Harness.run { harness in
      harness.database.addApp("hello")
      let ended = harness.database.addDeploy("r/hello:v2", .live, current: true)
      for number in [UInt64.max, UInt64(Int64.max) + 1] {
        let error = await #expect(throws: ServiceError.self) {
          try await harness.service.watchDeploy(
            WatchDeployRequest(deploy: ended.id, fromSeq: number), from: Harness.operatorCaller
          ) { _ in }
        }
        #expect(error?.reason == .invalidArgument)
      }
      let frames = FrameCollector()
      try await harness.service.watchDeploy(
        WatchDeployRequest(deploy: ended.id, fromSeq: UInt64(Int64.max)), from: Harness.operatorCaller
      ) { frames.add($0) }
      #expect(frames.all.finished?.outcome == .succeeded, "its end is told from anywhere")
    }
  }

  @Test(arguments: ["-9223372036854775807", "-62135596800000001", "9223372036854775808", "x", ""])
  func `a page token that no page ended with is refused`(time: String) {
    let error = #expect(throws: ServiceError.self) {
      try PageToken(text: time + ".0bd91e44-5a7c-4f0e-9a53-3f2d8c1b7e60")
    }
    #expect(error?.reason == .invalidArgument)
  }
}
