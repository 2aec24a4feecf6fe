/// Why no access to a cluster could be made out of the configuration: where it stands, what is wrong, what to do.
public struct KubeconfigError: Error, Sendable, Hashable {
  /// The file, or nil when it is about what was found in none.
  public var file: String?
  /// Where in the file: `users[alice].user.exec.apiVersion`.
  public var key: String?
  public var message: String
  /// The way out, where there is one.
  public var remedy: String?

  public init(file: String? = nil, key: String? = nil, message: String, remedy: String? = nil) {
    self.file = file
    self.key = key
    self.message = message
    self.remedy = remedy
  }
}

extension KubeconfigError: CustomStringConvertible {
  public var description: String {
    let place = [file, key].compactMap { $0 }.joined(separator: ": ")
    return (place.isEmpty ? "" : "\(place): ") + message + (remedy.map { "; \($0)" } ?? "")
  }
}
