import ArgumentParser
import DevCluster
import Foundation

/// `rollback-dev cluster`: the development cluster alone.
struct ClusterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "Serve the development cluster on loopback until Ctrl-C.",
    discussion: """
      A Kubernetes API's Deployment, ReplicaSet, Pod and Event behaviour in memory. What an image does is told by a \
      word in its tag: \(ImageBehaviour.help); all others become ready.
      """)

  @Option(help: "The port to listen on; 0 takes a free one.")
  var port = 0

  @Option(help: "Where to write a kubeconfig for the cluster.")
  var kubeconfig = "dev-cluster.kubeconfig"

  @Option(help: "Milliseconds that a healthy pod takes to become ready.")
  var readyAfter = 500

  func run() async throws {
    var configuration = DevCluster.Configuration()
    configuration.port = port
    configuration.timing.readyAfter = .milliseconds(readyAfter)
    let path = kubeconfig
    let cluster = try DevCluster(configuration)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await cluster.run() }
      group.addTask {
        let text = try await cluster.kubeconfig
        let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8), attributes: attributes) else {
          throw ValidationError("cannot write \(path)")
        }
        let line = "export KUBECONFIG=\(URL(fileURLWithPath: path).path)\n"
        FileHandle.standardOutput.write(Data(line.utf8))
        FileHandle.standardError.write(Data("serving \(try await cluster.baseURL)\n".utf8))
      }
      try await group.waitForAll()
    }
  }
}
