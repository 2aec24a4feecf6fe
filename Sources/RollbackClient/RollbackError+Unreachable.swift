internal import Glibc
internal import LinuxIO
internal import RollbackMessages
internal import TTRPCCore

extension RollbackError {
  /// Why no connection could be made, and the way out.
  init(connectingTo path: String, _ error: RPCError) {
    guard let failure = error.cause as? SystemError else {
      self.init(.daemonUnreachable, "rollbackd at \(path) cannot be reached.", details: ["socket": path], cause: error)
      return
    }
    self.init(
      .daemonUnreachable, Self.sentence(path, failure),
      details: ["socket": path, "errno": Self.name(of: failure.code)], cause: failure)
  }

  private static func sentence(_ path: String, _ failure: SystemError) -> String {
    switch failure.code {
    case ENOENT, ENOTDIR:
      "There is no socket \(path): rollbackd does not run on this host, or listens elsewhere. "
        + "Start it (systemctl start rollbackd.socket), or give the path it listens on."
    case ECONNREFUSED:
      "Nobody listens on \(path): rollbackd has stopped and left its socket behind. "
        + "Start it (systemctl start rollbackd), and see why it stopped (journalctl -u rollbackd)."
    case EACCES, EPERM:
      "You may not connect to \(path): its permissions forbid it. "
        + "Become a member of the socket's group (ls -l \(path) shows it), or ask as a user who is."
    case EAGAIN:
      "rollbackd at \(path) takes no connections at the moment: too many clients wait already. Try again."
    case EPROTOTYPE:
      "\(path) is a socket of another kind than rollbackd's. Give the path that rollbackd listens on."
    default:
      "rollbackd at \(path) cannot be reached (\(failure))."
    }
  }

  /// The names in errno(3), for programs.
  private static func name(of code: Int32) -> String {
    switch code {
    case ENOENT: "ENOENT"
    case ENOTDIR: "ENOTDIR"
    case ECONNREFUSED: "ECONNREFUSED"
    case EACCES: "EACCES"
    case EPERM: "EPERM"
    case EAGAIN: "EAGAIN"
    case EPROTOTYPE: "EPROTOTYPE"
    case EMFILE: "EMFILE"
    case ENFILE: "ENFILE"
    default: "\(code)"
    }
  }
}
