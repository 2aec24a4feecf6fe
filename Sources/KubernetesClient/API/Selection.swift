/// Which objects of a kind and namespace a list or a watch is about; the server selects.
public struct Selection: Sendable, Hashable {
  /// For instance `metadata.name=hello`; empty selects all.
  public var fields: String
  /// For instance `app=hello,tier in (a,b)`; empty selects all.
  public var labels: String

  public init(fields: String = "", labels: String = "") {
    self.fields = fields
    self.labels = labels
  }

  public static let all = Selection()

  /// The one object of that name.
  public static func named(_ name: String) -> Selection {
    Selection(fields: "metadata.name=\(name)")
  }

  var queryItems: [(name: String, value: String)] {
    var items: [(name: String, value: String)] = []
    if !fields.isEmpty { items.append(("fieldSelector", fields)) }
    if !labels.isEmpty { items.append(("labelSelector", labels)) }
    return items
  }
}
