import Glibc
import RollbackDaemon

@main struct Rollbackd {
  static func main() async {
    exit(await Program.run(arguments: Array(CommandLine.arguments.dropFirst())))
  }
}
