/// Facts that travel beside a call's message: ordered, several values a key, keys without case.
///
/// Keys are lower-cased on the way in, also those from the wire, because Go's peers lower-case only what their own
/// functions touch.
public struct Metadata: Hashable, Sendable, Sequence, ExpressibleByDictionaryLiteral {
  public typealias Element = (key: String, value: String)

  private struct Entry: Hashable {
    let key: String
    let value: String
  }

  private var entries: [Entry] = []

  public init() {}

  public init(dictionaryLiteral elements: (String, String)...) {
    for (key, value) in elements { append(value, for: key) }
  }

  /// How many values there are, of all keys together.
  public var count: Int { entries.count }

  public var isEmpty: Bool { entries.isEmpty }

  /// The first value of a key.
  public subscript(key: String) -> String? {
    let key = key.lowercased()
    return entries.first { $0.key == key }?.value
  }

  /// All values of a key, in order.
  public func values(for key: String) -> [String] {
    let key = key.lowercased()
    return entries.filter { $0.key == key }.map(\.value)
  }

  /// Adds a value after those there are.
  public mutating func append(_ value: String, for key: String) {
    entries.append(Entry(key: key.lowercased(), value: value))
  }

  /// Every value with its key, in order.
  public func makeIterator() -> AnyIterator<Element> {
    var iterator = entries.makeIterator()
    return AnyIterator { iterator.next().map { ($0.key, $0.value) } }
  }
}
