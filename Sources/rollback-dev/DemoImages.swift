import DevServices
import Foundation
import HTTPClient
import LinuxIO

/// The images that can be deployed where a registry runs: tiny ones, whose tags tell the development cluster how they
/// behave.
enum DemoImages {
  /// What stands for the registry in references.
  static let prefix = "harbor.local/"
  static let repository = "octave/hello"
  static let tags = ["v1", "v2", "v3", "v3-crash", "v3-hang"]

  /// Pushes them all.
  static func push(to address: String) async throws {
    let loop = try EventLoop.start(label: "images")
    defer {
      loop.stop()
      loop.join()
    }
    var configuration = HTTPClientConfiguration()
    configuration.proxy = .direct
    let client = try HTTPClient(loop: loop, configuration: configuration)
    do {
      let pusher = ImagePusher(client: client, registry: try HTTPURL(parsing: address))
      for tag in tags { try await pusher.push(repository, tag: tag, label: tag) }
    } catch {
      await client.shutDown()
      throw error
    }
    await client.shutDown()
  }
}
