internal import Glibc
internal import LinuxIO
internal import TTRPCCore

/// A connected stream of bytes to one peer, confined to one loop. It never waits.
protocol Transport: AnyObject {
  /// Begins to tell `onReady` what the interest asks for, again and again while it lasts (level-triggered).
  ///
  /// With an empty interest only a peer that is gone for good is told, as ``Readiness/hangup``; one that has merely
  /// closed its sending half is not.
  func start(on loop: EventLoop, _ interest: Interest, onReady: @escaping (Readiness) -> Void) throws(SystemError)

  /// Waits for something else from now on.
  func update(_ interest: Interest)

  /// Takes what has come, at most as much as fits.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> TransferResult

  /// Hands over what the peer has room for, in order.
  func write(_ buffers: UnsafeBufferPointer<iovec>) throws(SystemError) -> TransferResult

  /// Who the peer is, by the kernel's word.
  func peer() throws(SystemError) -> PeerIdentity

  /// Ends it in both directions; `onReady` is not called again. Harmless twice.
  func close()
}
