public import HTTPClient

/// Which registry has an image: prefixes of references, each with the address that stands for it.
///
/// By the Docker reference rules `harbor` in `harbor/octave/hello:v2` is no host name, so only such a map
/// (`harbor/=https://harbor.example`) says where to ask. What no prefix covers is asked nowhere: an address that merely
/// stands in a reference is never connected to.
public struct RegistryMap: Sendable, Hashable {
  /// One prefix and its registry.
  public struct Entry: Sendable, Hashable {
    /// Ends in a slash, so that it covers whole components only.
    public let prefix: String
    /// Scheme, host and port; its path is what stands before the rest of the name, and is `/` when nothing does.
    public let address: HTTPURL

    /// The scheme, host and port alone.
    public var registry: HTTPURL { HTTPURL(scheme: address.scheme, host: address.host, port: address.port) }
  }

  /// The longest prefix first.
  public let entries: [Entry]

  /// Where to ask about nothing.
  public static let empty = RegistryMap([])

  private init(_ entries: [Entry]) {
    self.entries = entries.sorted { ($0.prefix.count, $1.prefix) > ($1.prefix.count, $0.prefix) }
  }

  /// Reads `PREFIX=URL` pairs.
  /// - Throws: `RegistryMapError` naming the pair, without what may be a password in it.
  public init(parsing pairs: [String]) throws(RegistryMapError) {
    var entries: [Entry] = []
    for pair in pairs {
      guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex else {
        throw RegistryMapError(
          "expected PREFIX=URL, such as harbor/=https://harbor.example; \"\(Self.shown(pair))\" is none")
      }
      var prefix = String(pair[..<equals])
      if !prefix.hasSuffix("/") { prefix += "/" }
      let address: HTTPURL
      do throws(HTTPClientError) {
        address = try HTTPURL(parsing: String(pair[pair.index(after: equals)...]))
      } catch {
        throw RegistryMapError("the address for \(prefix) is none: \(error.message)")
      }
      guard address.query == nil else { throw RegistryMapError("the address for \(prefix) has a query") }
      guard !entries.contains(where: { $0.prefix == prefix }) else {
        throw RegistryMapError("\(prefix) stands there twice")
      }
      entries.append(Entry(prefix: prefix, address: address))
    }
    self.init(entries)
  }

  private static func shown(_ pair: String) -> String {
    pair.lastIndex(of: "@").map { "…\(pair[$0...])" } ?? pair
  }

  /// Where a repository, as references name it, lives; nil when no prefix covers it.
  public func location(of repository: String) -> RepositoryLocation? {
    guard let entry = entries.first(where: { repository.hasPrefix($0.prefix) }) else { return nil }
    let rest = repository.dropFirst(entry.prefix.count)
    guard !rest.isEmpty else { return nil }
    let before = entry.address.path.split(separator: "/").joined(separator: "/")
    return RepositoryLocation(registry: entry.registry, name: before.isEmpty ? String(rest) : "\(before)/\(rest)")
  }

  /// Each registry once, in the order of the prefixes.
  public var registries: [HTTPURL] {
    var seen: Set<HTTPURL> = []
    return entries.map(\.registry).filter { seen.insert($0).inserted }
  }
}

/// A repository at its registry.
public struct RepositoryLocation: Sendable, Hashable {
  /// Scheme, host and port.
  public let registry: HTTPURL
  /// As the registry calls it: `octave/hello`.
  public let name: String

  /// The address of a manifest (OCI distribution specification, "Pulling manifests").
  ///
  /// Nothing needs encoding: names, tags and digests are made of characters that a path may hold as they are, and an
  /// encoded slash or colon is what some registries answer with a misleading 404.
  func manifest(_ reference: String) -> HTTPURL {
    var url = registry
    url.path = "/v2/\(name)/manifests/\(reference)"
    return url
  }

  /// What a token must allow (distribution's token specification, "scope").
  var pullScope: String { "repository:\(name):pull" }
}

/// What is wrong with a map of registries.
public struct RegistryMapError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
