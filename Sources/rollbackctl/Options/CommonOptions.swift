internal import ArgumentParser
internal import Glibc
internal import RollbackClient

/// What every command takes.
struct CommonOptions: ParsableArguments {
  @Option(
    name: [.long, .customShort("o")],
    help: ArgumentHelp(
      "How data is written. Default: table on a terminal, else json, or ndjson where it comes bit by bit.",
      valueName: "format"))
  var output: OutputFormat?

  @Option(
    help: ArgumentHelp(
      "Where rollbackd listens. Default: ROLLBACKCTL_SOCKET, else /run/rollbackd/rollbackd.sock.", valueName: "path"))
  var socket: String?

  @Option(help: ArgumentHelp("A file with a token of the platform; its subject becomes the actor.", valueName: "path"))
  var tokenFile: String?

  /// How the daemon is reached.
  var configuration: RollbackClient.Configuration {
    var configuration = RollbackClient.Configuration()
    let variable = getenv("ROLLBACKCTL_SOCKET").map { String(cString: $0) }
    if let path = socket ?? variable, !path.isEmpty { configuration.socketPath = path }
    return configuration
  }

  /// The token of the file, without the white space around it; empty without a file.
  /// - Throws: ``CommandFailure`` when the file cannot be read or holds no token.
  func token() throws -> String {
    guard let tokenFile else { return "" }
    let descriptor = open(tokenFile, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(tokenFile, errno) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    var count = 0
    while count < bytes.count {
      let read = bytes.withUnsafeMutableBytes { buffer in
        Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
      }
      if read < 0, errno == EINTR { continue }
      guard read >= 0 else { throw unreadable(tokenFile, errno) }
      if read == 0 { break }
      count += read
    }
    let token = String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard token.count == 1, count < bytes.count else {
      throw CommandFailure.usage("The token file \(tokenFile) must hold one token and nothing else.")
    }
    return String(token[0])
  }

  private func unreadable(_ path: String, _ code: Int32) -> CommandFailure {
    .usage("The token file \(path) cannot be read: \(String(cString: strerror(code))).")
  }
}

/// For commands with one answer.
struct CallOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How long to wait for the answer. Default: 30s.", valueName: "duration"))
  var timeout: DurationArgument?
}
