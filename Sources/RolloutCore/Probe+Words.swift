public import KubernetesObjects

extension Probe {
  /// What the probe asks, for people: `GET /healthz on port 8080 every 10 s`.
  public var inWords: String {
    let question: String
    if let httpGet {
      let scheme = httpGet.scheme == "HTTPS" ? " by HTTPS" : ""
      question = "GET \(httpGet.path) on port \(httpGet.port)\(scheme)"
    } else if let tcpSocket {
      question = "connecting to port \(tcpSocket.port)"
    } else if let exec {
      question = "command \(exec.command.joined(separator: " ").oneLine(limit: 80))"
    } else if let grpc {
      question = "gRPC health check on port \(grpc.port)"
    } else {
      question = "of an unknown kind"
    }
    return "\(question) every \(periodSeconds) s"
  }
}
