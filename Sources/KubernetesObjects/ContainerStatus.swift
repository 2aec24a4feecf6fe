/// What the kubelet reports of one container.
public struct ContainerStatus: Codable, Hashable, Sendable {
  public var name: String
  public var image: String
  /// The image that runs, by digest. Runtimes report the index's digest or the platform's, with or without a
  /// repository.
  public var imageID: String
  public var ready: Bool
  public var restartCount: Int
  public var state: ContainerState
  /// How the run before the current one ended; waiting, with no reason, when there was none.
  public var lastState: ContainerState

  public init(
    name: String, image: String = "", imageID: String = "", ready: Bool = false, restartCount: Int = 0,
    state: ContainerState = .waiting(reason: "", message: ""),
    lastState: ContainerState = .waiting(reason: "", message: "")
  ) {
    self.name = name
    self.image = image
    self.imageID = imageID
    self.ready = ready
    self.restartCount = restartCount
    self.state = state
    self.lastState = lastState
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.value(.name, default: "")
    image = try fields.value(.image, default: "")
    imageID = try fields.value(.imageID, default: "")
    ready = try fields.value(.ready, default: false)
    restartCount = try fields.value(.restartCount, default: 0)
    state = try fields.value(.state, default: .waiting(reason: "", message: ""))
    lastState = try fields.value(.lastState, default: .waiting(reason: "", message: ""))
  }
}

/// The state of a container. An empty state means waiting (API reference, `ContainerState`).
public enum ContainerState: Codable, Hashable, Sendable {
  case waiting(reason: String, message: String)
  case running(startedAt: Timestamp?)
  case terminated(Termination)

  private enum CodingKeys: CodingKey { case waiting, running, terminated }
  private struct Waiting: Codable {
    var reason: String?
    var message: String?
  }
  private struct Running: Codable {
    var startedAt: Timestamp?
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    if let termination: Termination = try fields.optional(.terminated) {
      self = .terminated(termination)
    } else if let running: Running = try fields.optional(.running) {
      self = .running(startedAt: running.startedAt)
    } else {
      let waiting: Waiting? = try fields.optional(.waiting)
      self = .waiting(reason: waiting?.reason ?? "", message: waiting?.message ?? "")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .waiting(let reason, let message):
      try fields.encode(Waiting(reason: reason, message: message), forKey: .waiting)
    case .running(let startedAt):
      try fields.encode(Running(startedAt: startedAt), forKey: .running)
    case .terminated(let termination):
      try fields.encode(termination, forKey: .terminated)
    }
  }

  /// How the container ended, if it has.
  public var termination: Termination? {
    if case .terminated(let termination) = self { termination } else { nil }
  }
}

/// How one run of a container ended.
public struct Termination: Codable, Hashable, Sendable {
  public var exitCode: Int
  public var signal: Int
  /// `Error`, `Completed`, `OOMKilled`, `StartError`, `ContainerCannotRun` and others.
  public var reason: String
  public var message: String
  public var startedAt: Timestamp?
  public var finishedAt: Timestamp?

  public init(
    exitCode: Int, signal: Int = 0, reason: String = "", message: String = "", startedAt: Timestamp? = nil,
    finishedAt: Timestamp? = nil
  ) {
    self.exitCode = exitCode
    self.signal = signal
    self.reason = reason
    self.message = message
    self.startedAt = startedAt
    self.finishedAt = finishedAt
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    exitCode = try fields.value(.exitCode, default: 0)
    signal = try fields.value(.signal, default: 0)
    reason = try fields.value(.reason, default: "")
    message = try fields.value(.message, default: "")
    startedAt = try fields.optional(.startedAt)
    finishedAt = try fields.optional(.finishedAt)
  }
}
