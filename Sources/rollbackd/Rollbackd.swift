import Glibc
import RollbackDaemon

@main struct Rollbackd {
  /// Not `async`: that would leave this thread to libdispatch, which lies in sigsuspend(2) with every signal let
  /// through, and SIGTERM would end the process there instead of reaching the loop that hands operations over.
  static func main() {
    Program.blockSignals()
    // The program itself; it ends the process, so nobody has to wait for it.
    Task.detached { exit(await Program.run(arguments: Array(CommandLine.arguments.dropFirst()))) }
    // pause(2) returns when a handler has run, and there is none for a signal that is not blocked.
    while true { pause() }
  }
}
