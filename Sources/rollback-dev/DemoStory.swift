import DevServices
import Foundation

/// The steps of the demo, each with what must come of it.
struct DemoStory {
  let variables: DevEnvironment.Variables
  let rollbackctl: String

  private static let namespace = "rollbackd-demo"
  private static let image = "\(DemoImages.prefix)\(DemoImages.repository)"

  func tell() async throws {
    guard let file = variables.kubeconfig else { throw DemoFailure(description: "no cluster is configured") }
    try await DemoApp(kubeconfig: file, namespace: Self.namespace, image: "\(Self.image):v1").exist {
      try steps()
    }
  }

  private func steps() throws {
    let began = Date()
    try step(
      "Make the app known: one container of one Deployment.",
      [
        "app", "register", "hello", "--namespace", Self.namespace, "--deployment", "hello", "--container", "hello",
      ])
    try step("Deploy v1.", ["deploy", "hello", "\(Self.image):v1", "--reason", "first release", "--yes"])
    try step("Deploy v2.", ["deploy", "hello", "\(Self.image):v2", "--reason", "adds notes to orders", "--yes"])
    try step(
      "A migration goes with the next release.",
      [
        "migrations", "record", "hello", "0042", "--name", "orders_add_note",
      ])
    if variables.registryMap != nil {
      try step(
        "Deploy what the registry does not have: refused before anything is written.",
        ["deploy", "hello", "\(Self.image):v9", "--yes"], exits: 6)
    }
    try step(
      "Deploy v3, which is broken: it is seen as failed, with its cause, and old pods go on serving.",
      ["deploy", "hello", "\(Self.image):v3-crash", "--reason", "night build", "--yes"], exits: 3)
    try step("What is there to go back to?", ["list", "hello"])
    try step("What would a rollback do? Nothing is changed.", ["plan", "hello"])
    try step(
      "Roll back to the last known good deploy.", ["rollback", "hello", "--reason", "v3 crashes at start", "--yes"])
    let image = try runningImage()
    guard image == "\(Self.image):v2" else {
      throw DemoFailure(description: "\(image) runs after the rollback, and not \(Self.image):v2")
    }
    try checkDigests()
    try step("The record of it.", ["audit", "query", "--action", "deploy.rollback"])
    try step("Has anybody touched the record?", ["audit", "verify"])
    try step("How is the daemon?", ["health"])
    let took = try rollbackTime()
    say("")
    say("Done. The rollback was ready after \(took) (target 30s); the whole demo took \(seconds(since: began)).")
  }

  /// Runs one command as its user would, and checks how it ends.
  private func step(_ what: String, _ arguments: [String], exits expected: Int32 = 0) throws {
    say("")
    say("# \(what)")
    say("$ rollbackctl \(arguments.map(Self.quoted).joined(separator: " "))")
    let status = try SupervisedProcess.run(
      rollbackctl, arguments + ["--output", "table"], environment: variables.environment)
    guard status == expected else {
      throw DemoFailure(
        description: "rollbackctl \(arguments.joined(separator: " ")) ended with \(status), and not with \(expected)")
    }
  }

  private func runningImage() throws -> String {
    let deploys = try list()
    let current = deploys.first { $0["current"] as? Bool == true }
    return current?["image_ref"] as? String ?? "nothing"
  }

  /// With a registry every deploy has the digest of its image on record.
  private func checkDigests() throws {
    guard variables.registryMap != nil else { return }
    for deploy in try list() where (deploy["image_digest"] as? String)?.hasPrefix("sha256:") != true {
      throw DemoFailure(description: "deploy \(deploy["id"] ?? "?") has no digest on record")
    }
  }

  private func rollbackTime() throws -> String {
    let deploys = try list()
    guard let rollback = deploys.first(where: { ($0["rollback_of"] as? String)?.isEmpty == false }) else {
      throw DemoFailure(description: "the list shows no rollback")
    }
    guard let time = rollback["time_to_ready"] else {
      throw DemoFailure(description: "the rollback has no time to ready")
    }
    return "\(time)s"
  }

  private func list() throws -> [[String: Any]] {
    let output = Pipe()
    // A list of a few deploys fits the pipe, so it may be read when the program has ended.
    _ = try SupervisedProcess.run(
      rollbackctl, ["list", "hello", "--output", "json"], environment: variables.environment, output: output)
    let data = output.fileHandleForReading.availableData
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    guard let deploys = object?["deploys"] as? [[String: Any]] else {
      throw DemoFailure(description: "rollbackctl list gave no deploys")
    }
    return deploys
  }

  private func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  private func seconds(since start: Date) -> String {
    String(format: "%.1fs", -start.timeIntervalSinceNow)
  }

  private static func quoted(_ word: String) -> String {
    word.contains(" ") ? "\"\(word)\"" : word
  }
}
