internal import TTRPC

extension TTRPCServer {
  /// Stops gracefully and suspends until the last call has ended, or `grace` is over.
  func drained(within grace: Duration) async {
    shutDown(within: grace)
    await stopped()
  }
}
