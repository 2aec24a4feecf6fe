/// How the kubelet asks a container whether it is started, alive or ready.
public struct Probe: Codable, Hashable, Sendable {
  public struct HTTPGet: Codable, Hashable, Sendable {
    public var path: String
    public var port: IntOrString
    public var scheme: String

    public init(path: String, port: IntOrString, scheme: String = "HTTP") {
      self.path = path
      self.port = port
      self.scheme = scheme
    }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      path = try fields.value(.path, default: "/")
      port = try fields.value(.port, default: .int(0))
      scheme = try fields.value(.scheme, default: "HTTP")
    }
  }

  public struct TCPSocket: Codable, Hashable, Sendable {
    public var port: IntOrString

    public init(port: IntOrString) { self.port = port }
  }

  public struct Command: Codable, Hashable, Sendable {
    public var command: [String]

    public init(command: [String]) { self.command = command }

    public init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      command = try fields.value(.command, default: [])
    }
  }

  public struct GRPC: Codable, Hashable, Sendable {
    public var port: Int
    public var service: String?

    public init(port: Int, service: String? = nil) {
      self.port = port
      self.service = service
    }
  }

  public var httpGet: HTTPGet?
  public var tcpSocket: TCPSocket?
  public var exec: Command?
  public var grpc: GRPC?
  public var initialDelaySeconds: Int
  public var periodSeconds: Int
  public var timeoutSeconds: Int
  public var failureThreshold: Int
  public var successThreshold: Int

  public init(
    httpGet: HTTPGet? = nil, tcpSocket: TCPSocket? = nil, exec: Command? = nil, grpc: GRPC? = nil,
    initialDelaySeconds: Int = 0, periodSeconds: Int = 10, timeoutSeconds: Int = 1, failureThreshold: Int = 3,
    successThreshold: Int = 1
  ) {
    self.httpGet = httpGet
    self.tcpSocket = tcpSocket
    self.exec = exec
    self.grpc = grpc
    self.initialDelaySeconds = initialDelaySeconds
    self.periodSeconds = periodSeconds
    self.timeoutSeconds = timeoutSeconds
    self.failureThreshold = failureThreshold
    self.successThreshold = successThreshold
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    httpGet = try fields.optional(.httpGet)
    tcpSocket = try fields.optional(.tcpSocket)
    exec = try fields.optional(.exec)
    grpc = try fields.optional(.grpc)
    initialDelaySeconds = try fields.value(.initialDelaySeconds, default: 0)
    periodSeconds = try fields.value(.periodSeconds, default: 10)
    timeoutSeconds = try fields.value(.timeoutSeconds, default: 1)
    failureThreshold = try fields.value(.failureThreshold, default: 3)
    successThreshold = try fields.value(.successThreshold, default: 1)
  }
}
