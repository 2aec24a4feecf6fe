public import RollbackMessages
internal import TTRPC

/// The frames of one rollout, in order and each once, up to the finished one.
///
/// Each iteration makes the call; for a rollback or deploy, with the same request id, so that it joins the same
/// operation. Lost connections are mended behind the scenes; see ``RollbackClient/rollback(_:)``.
public struct RolloutFrames: AsyncSequence, Sendable {
  public typealias Element = RolloutFrame
  public typealias Failure = RollbackError

  private let client: RollbackClient
  private let follower: RolloutFollower

  init(_ client: RollbackClient, _ call: RolloutFollower.Call, isRequestIDOurs: Bool) {
    self.client = client
    follower = RolloutFollower(call, isRequestIDOurs: isRequestIDOurs, retry: client.configuration.retry)
  }

  public func makeAsyncIterator() -> Iterator { Iterator(client, follower) }

  /// Letting go of it ends the watching, never the rollout.
  public struct Iterator: AsyncIteratorProtocol {
    private let client: RollbackClient
    private var follower: RolloutFollower
    private var link = StreamLink<RolloutFrame>()

    fileprivate init(_ client: RollbackClient, _ follower: RolloutFollower) {
      self.client = client
      self.follower = follower
    }

    /// The next frame, or nil after the finished one.
    ///
    /// Suspends until there is one, over lost connections too, as long as the retry policy allows.
    public mutating func next() async throws(RollbackError) -> RolloutFrame? {
      while !follower.isOver {
        let action: RolloutFollower.FailureAction
        do throws(StreamFailure) {
          let received = try await nextOfStream()
          guard let frame = follower.received(received) else { continue }
          if follower.isOver { link.close() }
          return frame
        } catch {
          action = follower.failed(error)
        }
        switch action {
        case .callAgain(let delay): try await client.pause(delay)
        case .fail(let error): throw error
        }
      }
      return nil
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(RollbackError) -> RolloutFrame? {
      try await next()
    }

    private mutating func nextOfStream() async throws(StreamFailure) -> RolloutFrame {
      var follower = follower
      defer { self.follower = follower }
      return try await link.next(on: client.session) { [client] connection in
        defer { follower.called() }
        return client.frames(of: follower.call, on: connection)
      }
    }
  }
}

extension RollbackClient {
  fileprivate func frames(of call: RolloutFollower.Call, on connection: TTRPCClient) -> StreamReader<RolloutFrame> {
    switch call {
    case .rollback(let request): connection.serverStream(methods.rollback, request)
    case .deploy(let request): connection.serverStream(methods.deploy, request)
    case .watch(let request): connection.serverStream(methods.watchDeploy, request)
    }
  }
}
