internal import LinuxIO
internal import Logging

/// Takes connections from one listening socket, and pauses when there is no room for another.
///
/// `@unchecked Sendable`: made on any thread, then handed to the server's loop, on which everything else happens.
final class Acceptor: @unchecked Sendable {
  private let listener: ListenerBox
  private unowned let server: TTRPCServer
  private var watch: Watch?
  private var isClosed = false
  private var retry: LoopTimer?
  private var backoff = Acceptor.shortestBackoff
  private var isFull = false

  /// How many connections one turn takes, so that open ones get theirs.
  private static let perTurn = 64
  private static let shortestBackoff = Duration.milliseconds(50)
  private static let longestBackoff = Duration.seconds(1)

  init(_ listener: consuming UnixListener, for server: TTRPCServer) {
    self.listener = ListenerBox(listener)
    self.server = server
  }

  /// Begins, or goes on, to take connections.
  func resume() {
    guard !isClosed else { return }
    do throws(SystemError) {
      if let watch {
        watch.update(.readable)
      } else if let descriptor = listener.descriptor {
        watch = try server.loop.watch(descriptor, for: .readable) { [weak self] _ in self?.accept() }
      }
    } catch {
      server.logger.error("a socket cannot be watched", metadata: ["error": "\(error)"])
    }
  }

  /// Waits no longer; connections queue in the kernel meanwhile.
  private func pause() { watch?.update([]) }

  private func accept() {
    do throws(SystemError) {
      for _ in 0..<Self.perTurn {
        guard server.places.hasRoom else {
          isFull = true
          return pause()
        }
        guard let transport = try listener.accept() else { break }
        backoff = Self.shortestBackoff
        server.begin(transport)
      }
    } catch {
      // EMFILE, ENFILE, ENOBUFS, ENOMEM: the connection stays queued and the socket readable, so wait instead of
      // spinning (accept(2)).
      server.logger.warning("no room for another connection", metadata: ["error": "\(error)", "pause": "\(backoff)"])
      pause()
      retry = server.loop.schedule(after: backoff) { [weak self] in self?.resume() }
      backoff = min(backoff * 2, Self.longestBackoff)
    }
  }

  /// A connection has ended.
  func placeBecameFree() {
    guard isFull, server.places.hasRoom else { return }
    isFull = false
    resume()
  }

  func close() {
    isClosed = true
    retry?.cancel()
    // The watch borrows the descriptor, so it goes first.
    watch?.cancel()
    watch = nil
    listener.close()
  }
}

/// Owns a listener where a value that cannot be copied cannot be kept: in a property that is cleared.
private final class ListenerBox {
  private var listener: UnixListener?

  init(_ listener: consuming UnixListener) { self.listener = consume listener }

  var descriptor: Int32? { listener?.descriptor }

  func accept() throws(SystemError) -> (any Transport)? {
    guard let stream = try listener?.accept() else { return nil }
    return SocketTransport(stream)
  }

  func close() { listener = nil }
}
