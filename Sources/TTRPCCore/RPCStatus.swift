/// Why a call failed, as it travels: `google.rpc.Status` with at most one `google.rpc.ErrorInfo`.
public struct RPCStatus: Hashable, Sendable, CustomStringConvertible {
  /// The canonical code.
  public var code: StatusCode
  /// A sentence for a person.
  public var message: String
  /// The cause for a program, where one is stated.
  public var info: ErrorInfo?

  public init(_ code: StatusCode, _ message: String, info: ErrorInfo? = nil) {
    self.code = code
    self.message = message
    self.info = info
  }

  /// The answer to a request that a server which is leaving does not begin: it is safe to send it to another.
  public static var notBegun: RPCStatus { RPCStatus(.unavailable, "the server is shutting down") }

  /// The answer to a call whose handler a server gives up because it is leaving.
  ///
  /// Its reason sets it apart from ``notBegun``: only what may be carried out twice may be sent again.
  public static var givenUp: RPCStatus {
    RPCStatus(
      .unavailable, "the server is shutting down; whether the call was carried out is not known",
      info: ErrorInfo(reason: "outcome_unknown", domain: "ttrpc"))
  }

  public var description: String {
    if let info { "\(code) (\(info.reason)): \(message)" } else { "\(code): \(message)" }
  }
}

/// The machine-readable cause of an error: `google.rpc.ErrorInfo`.
public struct ErrorInfo: Hashable, Sendable {
  /// A stable name, unique within the domain; for example `conflict`.
  public var reason: String
  /// Who defines the reasons.
  public var domain: String
  /// Facts about this one error.
  public var metadata: [String: String]

  public init(reason: String, domain: String = "rollbackd", metadata: [String: String] = [:]) {
    self.reason = reason
    self.domain = domain
    self.metadata = metadata
  }
}
