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
