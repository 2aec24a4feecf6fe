/// One line of a watch.
///
/// A bookmark's object is a stub with nothing but a resourceVersion, so it is never decoded as an object and can
/// never be stored by mistake. A stream ends without any event when its time is up.
public enum WatchEvent<Object: KubernetesObject>: Decodable, Hashable, Sendable {
  case added(Object)
  case modified(Object)
  /// The last state of an object that is gone.
  case deleted(Object)
  case bookmark(Bookmark)
  /// The watch cannot go on; with `Status.isExpired` list again, else back off.
  case error(Status)
  /// A type that this client does not know.
  case unknown(String)

  /// How far the watch has come.
  public struct Bookmark: Hashable, Sendable {
    public var resourceVersion: String
    /// True on the bookmark that ends the synthetic `ADDED` events at the start of a watch.
    public var endsInitialEvents: Bool

    public init(resourceVersion: String, endsInitialEvents: Bool = false) {
      self.resourceVersion = resourceVersion
      self.endsInitialEvents = endsInitialEvents
    }
  }

  private enum CodingKeys: CodingKey { case type, object }
  private struct Stub: Decodable {
    var metadata: ObjectMeta
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    switch try fields.decode(String.self, forKey: .type) {
    case "ADDED": self = .added(try fields.decode(Object.self, forKey: .object))
    case "MODIFIED": self = .modified(try fields.decode(Object.self, forKey: .object))
    case "DELETED": self = .deleted(try fields.decode(Object.self, forKey: .object))
    case "BOOKMARK":
      let metadata = try fields.decode(Stub.self, forKey: .object).metadata
      self = .bookmark(
        Bookmark(
          resourceVersion: metadata.resourceVersion,
          endsInitialEvents: metadata.annotations["k8s.io/initial-events-end"] == "true"))
    case "ERROR": self = .error(try fields.decode(Status.self, forKey: .object))
    case let type: self = .unknown(type)
    }
  }
}
