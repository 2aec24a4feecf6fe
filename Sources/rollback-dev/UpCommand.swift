import ArgumentParser
import DevCluster
import DevServices
import Foundation

/// `rollback-dev up`: everything embedded, until Ctrl-C.
struct UpCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Start PostgreSQL, a development cluster, a registry and rollbackd, and stay until Ctrl-C.",
    discussion: """
      Prints shell lines for the environment once everything runs:
        eval "$(rollback-dev up &)" is not meant; open a second terminal and paste them there.
      Nothing is left running behind, whatever ends this program. Where docker-registry is installed, the images \
      \(DemoImages.prefix)\(DemoImages.repository) with the tags \(DemoImages.tags.joined(separator: ", ")) are there \
      to be deployed.

      In the development cluster what an image does is told by a word in its tag: \(ImageBehaviour.help); all others \
      become ready. A ResourceQuota of pods and requests of cpu and memory (two nodes of 8 CPUs and 16 GiB) are heeded.
      """)

  @Option(help: "Where sockets, the kubeconfig and the log go; a new directory under /tmp by default.")
  var dir: String?

  @Option(help: "Comma-separated: postgres, cluster, registry, daemon. What is left out is taken from the environment.")
  var components = "postgres,cluster,registry,daemon"

  @Option(help: "A real cluster's kubeconfig, instead of the development cluster.")
  var kubeconfig: String?

  func validate() throws {
    for name in components.split(separator: ",") where DevEnvironment.Component(rawValue: String(name)) == nil {
      throw ValidationError("there is no component \"\(name)\"; there are postgres, cluster, registry and daemon")
    }
  }

  func run() async throws {
    // Caught before threads begin to take them.
    let interruption = Interruption()
    let directory = try dir ?? DevEnvironment.makeDirectory()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { if dir == nil { DevEnvironment.remove(directory) } }
    let chosen = components.split(separator: ",").compactMap { DevEnvironment.Component(rawValue: String($0)) }
    let environment = DevEnvironment(
      directory: URL(fileURLWithPath: directory).path, components: Set(chosen), kubeconfig: kubeconfig)
    try await environment.run { variables in
      FileHandle.standardOutput.write(Data(variables.exports.utf8))
      FileHandle.standardError.write(
        Data("Everything runs. Ctrl-C ends it. The daemon's log: \(directory)/rollbackd.log\n".utf8))
      await interruption.wait()
    }
  }
}

/// SIGINT and SIGTERM as something to wait for.
///
/// `@unchecked Sendable`: the sources are made here and only kept alive afterwards.
final class Interruption: @unchecked Sendable {
  private let sources: [any DispatchSourceSignal]
  private let stream: AsyncStream<Void>

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    self.stream = stream
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.yield() }
      source.resume()
      return source
    }
  }

  func wait() async {
    for await _ in stream { return }
  }
}
