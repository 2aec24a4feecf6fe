/// The name of an image: `repository[:tag][@digest]`.
public struct ImageReference: Hashable, Sendable, CustomStringConvertible {
  /// With the registry's host, where the reference has one.
  public var repository: String
  public var tag: String?
  /// `sha256:` and 64 hexadecimal digits.
  public var digest: String?

  public init(repository: String, tag: String? = nil, digest: String? = nil) {
    self.repository = repository
    self.tag = tag
    self.digest = digest
  }

  /// Reads a reference by the grammar of the distribution specification; nil when it is none.
  public init?(_ text: String) {
    var rest = text[...]
    var digest: String?
    if let at = rest.firstIndex(of: "@") {
      digest = String(rest[rest.index(after: at)...])
      rest = rest[..<at]
    }
    var tag: String?
    let lastPart = rest.lastIndex(of: "/").map(rest.index(after:)) ?? rest.startIndex
    if let colon = rest[lastPart...].firstIndex(of: ":") {
      tag = String(rest[rest.index(after: colon)...])
      rest = rest[..<colon]
    }
    guard Self.isRepository(rest), tag.map(Self.isTag) ?? true, digest.map(Self.isDigest) ?? true else { return nil }
    self.init(repository: String(rest), tag: tag, digest: digest)
  }

  public var description: String {
    repository + (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0 } ?? "")
  }

  /// This image by the digest that was recorded for it: the tag stays to be read by people, the digest decides.
  public func pinned(to digest: String) -> ImageReference {
    ImageReference(repository: repository, tag: tag, digest: digest)
  }

  /// Whether both name one image. Two digests decide; where one is unknown, the tags do.
  public func isSameImage(as other: ImageReference) -> Bool {
    guard repository == other.repository else { return false }
    if let digest, let theirs = other.digest { return digest == theirs }
    return (tag ?? "latest") == (other.tag ?? "latest")
  }

  // MARK: Grammar

  private static func isRepository(_ text: Substring) -> Bool {
    guard !text.isEmpty, text.utf8.count <= 255 else { return false }
    var components = text.split(separator: "/", omittingEmptySubsequences: false)
    // The first component is a host when it looks like one; a host may have capitals and a port.
    if components.count > 1, let host = components.first,
      host == "localhost" || host.contains(where: { ".:[".contains($0) })
    {
      guard isHost(host) else { return false }
      components.removeFirst()
    }
    return components.allSatisfy { component in
      guard let first = component.utf8.first, let last = component.utf8.last else { return false }
      return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
        && component.utf8.allSatisfy { isLowerAlphanumeric($0) || "._-".utf8.contains($0) }
    }
  }

  private static func isHost(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || ".-:[]".utf8.contains($0) }
  }

  private static func isTag(_ text: String) -> Bool {
    guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
    return (isAlphanumeric(first) || first == UInt8(ascii: "_"))
      && text.utf8.allSatisfy { isAlphanumeric($0) || "._-".utf8.contains($0) }
  }

  private static func isDigest(_ text: String) -> Bool {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let algorithm = parts.first, let hash = parts.last else { return false }
    return !algorithm.isEmpty && algorithm.utf8.allSatisfy { isLowerAlphanumeric($0) || "+._-".utf8.contains($0) }
      && hash.utf8.count >= 32
      && hash.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "abcdef".utf8.contains($0) }
  }

  private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
