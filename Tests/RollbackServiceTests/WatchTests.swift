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
}
