internal import Foundation
internal import Locking

/// The shell that starts and stops a throwaway server, and stops it when this process is gone.
///
/// `@unchecked Sendable`: the pipes are used under `turn` only.
final class Supervisor: @unchecked Sendable {
  /// Reads commands, a line each, and answers each by a line. At the end of its input, which comes when the test
  /// process closes its end of the pipe or dies, it stops the server and removes everything.
  private static let script = """
    trap '' INT TERM HUP
    dir=$1 bin=$2
    cd "$dir" || exit 1
    control() { "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 "$@" >"$dir/control" 2>&1 </dev/null; }
    while read -r verb rest; do
      case $verb in
        init) "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/control" 2>&1 ;;
        configure) printf '%s\\n' "$rest" | tr '|' '\\n' >>"$dir/data/postgresql.conf" ;;
        start) control start ;;
        stop) control stop -m "$rest" ;;
        signal)
          first=$(head -n 1 "$dir/data/postmaster.pid")
          for pid in "$first" $(cat "/proc/$first/task/$first/children"); do kill -s "$rest" "$pid"; done ;;
      esac
      if [ $? = 0 ]; then echo ok; else tail -n 3 "$dir/control" "$dir/log" 2>&1 | tr '\\n' ' '; echo; fi
    done
    first=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null)
    [ -z "$first" ] || for pid in "$first" $(cat "/proc/$first/task/$first/children"); do kill -s CONT "$pid"; done
    control stop -m immediate
    rm -rf "$dir"
    """

  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private let turn = Locked(())

  init(directory: String, bin: String, account: String?) throws {
    let shell = ["/bin/sh", "-c", Self.script, "supervisor", directory, bin]
    let command = account.map { ["/sbin/runuser", "-u", $0, "--"] + shell } ?? shell
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardInput = input
    process.standardOutput = output
    // Other children of this process must not hold the pipe open.
    _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    try process.run()
    // One that fails to start must not end us when we write to it.
    signal(SIGPIPE, SIG_IGN)
  }

  deinit {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// Sends one command and waits for its answer.
  func ask(_ command: String) throws {
    try turn.withLock { _ in
      try input.fileHandleForWriting.write(contentsOf: Data((command + "\n").utf8))
      var answer = Data()
      while let byte = try output.fileHandleForReading.read(upToCount: 1), byte.first != 10 {
        if byte.isEmpty { break }
        answer += byte
      }
      let text = String(decoding: answer, as: UTF8.self)
      guard text == "ok" else { throw ThrowawayPostgres.CommandFailure(description: "\(command): \(text)") }
    }
  }
}
