internal import CLibpq
internal import Glibc

/// The first, possibly blocking step of a connection: what the connection string, the environment and the service file
/// say together, the addresses of its hosts, and PQconnectStartParams with them.
///
/// `@unchecked Sendable`: made on a helper thread, which then hands it to the loop and forgets it; `handle` has one
/// owner at any time.
struct PostgresConnectStart: @unchecked Sendable {
  /// A connection to be polled; to be freed by PQfinish also when there is an error.
  private(set) var handle: OpaquePointer?
  private(set) var error: PostgresError?
  /// From the connection string's `connect_timeout`, for all of its hosts together.
  private(set) var timeout: Duration?

  init(_ configuration: PostgresConfiguration) {
    let options: [String: String]
    switch Self.resolve(configuration.conninfo) {
    case .success(let found): options = found
    case .failure(let found):
      error = found
      return
    }
    var before: [(String, String)] = [("fallback_application_name", configuration.applicationName)]
    var after: [(String, String)] = [("client_encoding", "UTF8")]
    let hosts = Hosts(options)
    // libpq would quote it: with an unescaped slash in a URL's password, its first part stands where a port is expected.
    guard hosts.hasNumbersForPorts else {
      error = .connectionStringMakesNoSense
      return
    }
    switch hosts.lookedUp() {
    case .success(nil): break
    case .success(let found?):
      after += [("host", found.names), ("hostaddr", found.addresses), ("port", found.ports)]
    case .failure(let found):
      error = found
      return
    }
    // A half-open connection is noticed within a minute, unless whoever wrote the connection string wants it otherwise.
    let keepalives = [
      ("keepalives_idle", "30"), ("keepalives_interval", "10"), ("keepalives_count", "3"),
      ("tcp_user_timeout", "60000"),
    ]
    before += keepalives.filter { (options[$0.0] ?? "").isEmpty }
    if let seconds = options["connect_timeout"].flatMap(Int.init), seconds > 0 {
      timeout = .seconds(seconds * max(1, hosts.count))
    }
    handle = Self.start(before + [("dbname", configuration.conninfo)] + after)
    if handle == nil {
      error = PostgresError(.connectionFailed, "no memory for a connection")
    } else if PQstatus(handle) == CONNECTION_BAD {
      error = PostgresError(.connectionFailed, PostgresError.trimmed(PQerrorMessage(handle)))
    }
  }

  /// What libpq makes of the connection string, the environment and the service file together.
  ///
  /// libpq says so only of a connection, so one is begun that cannot get as far as the network: its value for
  /// `target_session_attrs`, the last that libpq checks, is none.
  private static func resolve(_ conninfo: String) -> Result<[String: String], PostgresError> {
    let probe = start([("dbname", conninfo), ("target_session_attrs", "none-such")])
    guard let probe else { return .failure(PostgresError(.connectionFailed, "no memory for a connection")) }
    defer { PQfinish(probe) }
    // What else libpq complains of quotes the string, and the password with it.
    guard PostgresError.trimmed(PQerrorMessage(probe)).contains("none-such") else {
      return .failure(.connectionStringMakesNoSense)
    }
    // PQconninfo: an array that ends with a null keyword; freed by PQconninfoFree.
    guard let list = PQconninfo(probe) else {
      return .failure(PostgresError(.connectionFailed, "no memory for a connection"))
    }
    defer { PQconninfoFree(list) }
    var options: [String: String] = [:]
    var option = list
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { options[String(cString: keyword)] = String(cString: value) }
      option += 1
    }
    return .success(options)
  }

  /// What is wrong with a connection string by itself, without the environment and the service file; nil when nothing
  /// is. Neither blocks nor connects.
  static func problem(_ conninfo: String) -> PostgresError? {
    // PQconninfoParse: NULL with a message, or without one where memory is short; the message goes to PQfreemem.
    var message: UnsafeMutablePointer<CChar>?
    guard let list = PQconninfoParse(conninfo, &message) else {
      PQfreemem(message)
      return .connectionStringMakesNoSense
    }
    PQconninfoFree(list)
    return nil
  }

  /// PQconnectStartParams with `dbname` expanded as a connection string; what comes after it wins over what it says.
  private static func start(_ options: [(String, String)]) -> OpaquePointer? {
    let keywords = options.map { strdup($0.0) } + [nil]
    let values = options.map { strdup($0.1) } + [nil]
    defer { for copy in keywords + values { free(copy) } }
    return PQconnectStartParams(keywords.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 1)
  }

  /// The hosts of a connection string, each with its port.
  private struct Hosts {
    private let names: [String]
    private let ports: [String]
    private let hasAddresses: Bool

    init(_ options: [String: String]) {
      names = Self.list(options["host"])
      ports = Self.list(options["port"])
      hasAddresses = !(options["hostaddr"] ?? "").isEmpty
    }

    var count: Int { names.count }

    /// An empty one is the default.
    var hasNumbersForPorts: Bool { ports.allSatisfy { $0.isEmpty || (1...65535).contains(Int($0) ?? 0) } }

    private static func list(_ text: String?) -> [String] {
      (text ?? "").split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    /// The lists for libpq with an address beside each name; nil when it has nothing to look up.
    func lookedUp() -> Result<(names: String, addresses: String, ports: String)?, PostgresError> {
      guard !hasAddresses, names.contains(where: Self.isName) else { return .success(nil) }
      var found: [(name: String, address: String, port: String)] = []
      var failures: [String] = []
      for (index, name) in names.enumerated() {
        let port = ports.count > 1 ? ports[min(index, ports.count - 1)] : ports.first ?? ""
        guard Self.isName(name) else {
          found.append((name, "", port))
          continue
        }
        switch Self.addresses(of: name) {
        case .success(let addresses): found += addresses.map { (name, $0, port) }
        case .failure(let failure): failures.append(failure.message)
        }
      }
      // A host that cannot be found is passed over as long as there is another.
      guard !found.isEmpty else {
        return .failure(PostgresError(.connectionFailed, failures.joined(separator: "; ")))
      }
      return .success(
        (
          found.map(\.name).joined(separator: ","), found.map(\.address).joined(separator: ","),
          found.map(\.port).joined(separator: ",")
        ))
    }

    /// Neither a socket's directory nor an address.
    private static func isName(_ host: String) -> Bool {
      if host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") { return false }
      var address = in6_addr()
      return inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1
    }

    /// A password with an unescaped `@` makes the rest of it a part of the host.
    private static func shown(_ host: String) -> String {
      host.lastIndex(of: "@").map { "…\(host[$0...])" } ?? host
    }

    /// getaddrinfo(3) blocks; the list is freed by freeaddrinfo.
    private static func addresses(of host: String) -> Result<[String], PostgresError> {
      var hints = addrinfo()
      hints.ai_family = AF_UNSPEC
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      var list: UnsafeMutablePointer<addrinfo>?
      let result = getaddrinfo(host, nil, &hints, &list)
      guard result == 0 else {
        return .failure(
          PostgresError(
            .connectionFailed, "host \(Self.shown(host)) cannot be found: \(String(cString: gai_strerror(result)))"))
      }
      defer { freeaddrinfo(list) }
      var addresses: [String] = []
      var next = list
      while let entry = next?.pointee {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { text in
          let failure = getnameinfo(
            entry.ai_addr, entry.ai_addrlen, text.baseAddress, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
          if failure == 0, let start = text.baseAddress { addresses.append(String(cString: start)) }
        }
        next = entry.ai_next
      }
      return .success(addresses)
    }
  }
}
