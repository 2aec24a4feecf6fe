import Glibc
import RollbackDaemon

@main struct Rollbackd {
  /// Not `async`: then the main thread would end in dispatch_main(3), which waits in sigsuspend(2) with *no* signal
  /// blocked, and the first SIGTERM would end the process there and then instead of reaching the daemon.
  static func main() {
    Program.blockSignals()
    // Detached: `main` is the main actor's, which runs nothing any more.
    Task.detached { exit(await Program.run(arguments: Array(CommandLine.arguments.dropFirst()))) }
    // Does not touch the mask; the process ends by the exit above.
    while true { pause() }
  }
}
