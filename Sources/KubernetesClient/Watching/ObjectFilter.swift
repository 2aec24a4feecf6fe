public import KubernetesObjects

/// Which objects of a kind and namespace a subscriber wants to hear of. Decided by this process: the watch is shared.
public struct ObjectFilter<Object: KubernetesObject>: Sendable {
  let matches: @Sendable (Object) -> Bool
  /// A key that every matching object has, so that thousands of subscribers need not look at each change.
  let indexKey: String?

  /// Every object.
  public static var all: ObjectFilter { ObjectFilter(matches: { _ in true }, indexKey: nil) }

  /// The object of that name, whatever its uid.
  public static func named(_ name: String) -> ObjectFilter {
    ObjectFilter(matches: { $0.metadata.name == name }, indexKey: ObjectIndex.name(name))
  }

  /// The objects that have an owner of that uid.
  public static func owned(by uid: String) -> ObjectFilter {
    ObjectFilter(
      matches: { $0.metadata.ownerReferences.contains { $0.uid == uid } }, indexKey: ObjectIndex.owner(uid))
  }

  /// The objects with such labels. An empty selector selects everything.
  public static func selected(by selector: LabelSelector) -> ObjectFilter {
    let label = selector.matchLabels.min { $0.key < $1.key }
    return ObjectFilter(
      matches: { selector.matches($0.metadata.labels) },
      indexKey: label.map { ObjectIndex.label($0.key, $0.value) })
  }

  /// Whatever the closure says. It runs for every change in the namespace, so it must be quick.
  public static func matching(_ predicate: @escaping @Sendable (Object) -> Bool) -> ObjectFilter {
    ObjectFilter(matches: predicate, indexKey: nil)
  }
}

/// The keys under which subscribers are found.
enum ObjectIndex {
  static func name(_ name: String) -> String { "n\(name)" }
  static func owner(_ uid: String) -> String { "o\(uid)" }
  static func label(_ key: String, _ value: String) -> String { "l\(key)=\(value)" }

  static func keys(of metadata: ObjectMeta) -> [String] {
    [name(metadata.name)] + metadata.ownerReferences.map { owner($0.uid) }
      + metadata.labels.map { label($0.key, $0.value) }
  }
}
