import ArgumentParser
import DevServices
import Foundation

/// `rollback-dev demo`: the whole job, from nothing to a verified audit trail.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Do the whole job on embedded services: deploy, break, list, roll back, audit, verify.",
    discussion: "Ends with 0 only when every step went as it should.")

  @Option(help: "A real cluster's kubeconfig, instead of the development cluster.")
  var kubeconfig: String?

  func run() async throws {
    let directory = try DevEnvironment.makeDirectory()
    defer { DevEnvironment.remove(directory) }
    let environment = DevEnvironment(
      directory: directory, components: Set(DevEnvironment.Component.allCases), kubeconfig: kubeconfig)
    do {
      try await environment.run { variables in
        try await DemoStory(variables: variables, rollbackctl: try DevEnvironment.sibling("rollbackctl")).tell()
      }
    } catch let failure as DemoFailure {
      FileHandle.standardError.write(Data("\nThe demo FAILED: \(failure.description)\n".utf8))
      throw ExitCode(1)
    }
  }
}

/// A step that did not go as it should.
struct DemoFailure: Error, CustomStringConvertible {
  let description: String
}
