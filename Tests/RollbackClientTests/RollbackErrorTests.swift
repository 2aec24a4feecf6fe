import Glibc
import LinuxIO
import RollbackMessages
import TTRPCCore
import Testing

@testable import RollbackClient

@Suite("Errors")
struct RollbackErrorTests {
  @Test("keep what the daemon stated: reason, sentence, objects")
  func stated() {
    let status = RPCStatus(
      .failedPrecondition, "the registry no longer has hello:v1",
      info: ErrorInfo(reason: "image_gone", metadata: ["image": "hello:v1"]))
    let error = RollbackError(RPCError(status, origin: .peer))
    #expect(error.reason == .imageGone)
    #expect(error.code == 9)
    #expect(error.message == "the registry no longer has hello:v1")
    #expect(error.details == ["image": "hello:v1"])
    #expect("\(error)" == "image_gone: the registry no longer has hello:v1")
  }

  @Test("keep a reason of a later version")
  func laterReason() {
    let status = RPCStatus(.failedPrecondition, "no", info: ErrorInfo(reason: "moon_full"))
    #expect(RollbackError(RPCError(status, origin: .peer)).reason.rawValue == "moon_full")
  }

  @Test(
    "without a reason of ours get the one that is nearest to their code",
    arguments: [
      (.cancelled, .cancelled), (.unknown, .internal), (.invalidArgument, .invalidArgument),
      (.deadlineExceeded, .deadlineExceeded), (.notFound, .notFound), (.alreadyExists, .conflict),
      (.permissionDenied, .notPermitted), (.resourceExhausted, .resourceExhausted), (.failedPrecondition, .internal),
      (.aborted, .conflict), (.outOfRange, .invalidArgument), (.unimplemented, .unimplemented), (.internal, .internal),
      (.unavailable, .unavailable), (.dataLoss, .internal), (.unauthenticated, .unauthenticated),
    ] as [(StatusCode, ErrorReason)])
  func unstated(_ code: StatusCode, _ reason: ErrorReason) {
    for info in [nil, ErrorInfo(reason: "theirs", domain: "elsewhere"), ErrorInfo(reason: "")] {
      let error = RollbackError(RPCError(code, "no", info: info, origin: .peer))
      #expect(error.reason == reason)
      #expect(error.code == UInt32(code.rawValue))
    }
  }

  @Test(
    "of connecting say what is wrong and the way out",
    arguments: [
      (ENOENT, "ENOENT", "There is no socket /x/y.sock", "systemctl start rollbackd.socket"),
      (ECONNREFUSED, "ECONNREFUSED", "Nobody listens on /x/y.sock", "journalctl -u rollbackd"),
      (EACCES, "EACCES", "You may not connect to /x/y.sock", "socket's group"),
      (EAGAIN, "EAGAIN", "rollbackd at /x/y.sock takes no connections", "Try again."),
      (EPROTOTYPE, "EPROTOTYPE", "/x/y.sock is a socket of another kind", "Give the path"),
      (EIO, "5", "rollbackd at /x/y.sock cannot be reached", "Input/output error"),
    ])
  func unreachable(_ code: Int32, _ name: String, _ beginning: String, _ wayOut: String) {
    let cause = SystemError(operation: "connect /x/y.sock", code: code)
    let error = RollbackError(
      connectingTo: "/x/y.sock", RPCError(.unavailable, "\(cause)", origin: .unsent, cause: cause))
    #expect(error.reason == .daemonUnreachable)
    #expect(error.details == ["socket": "/x/y.sock", "errno": name])
    #expect(error.message.hasPrefix(beginning))
    #expect(error.message.contains(wayOut))
  }
}
