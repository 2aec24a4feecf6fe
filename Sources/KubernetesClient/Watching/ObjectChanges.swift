internal import KubernetesObjects

/// One object's life from a known state on, by a watch of its own: the quickest way to follow what a PATCH set off,
/// for the watch begins at the very resourceVersion that the PATCH returned.
///
/// The reader drives it: nothing runs between two calls of `next()`, and what it did not fetch in time is fetched anew
/// as the newest state. It never ends by itself; `next()` returns nil when the reading task is cancelled.
public struct ObjectChanges<Object: KubernetesResource>: AsyncSequence, Sendable {
  public enum Element: Sendable, Hashable {
    case current(Object)
    /// It is gone. Nil when that was learnt from its absence in a list.
    case deleted(Object?)
    case reachability(Reachability)
  }
  public typealias Failure = Never

  let client: KubernetesClient
  let known: Object

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(
      feed: ObjectFeed(
        client: client, namespace: known.metadata.namespace, selection: .named(known.metadata.name),
        from: known.metadata.resourceVersion))
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    var feed: ObjectFeed<Object>

    public mutating func next() async -> Element? {
      switch await feed.next() {
      case nil: nil
      case .replaced(let objects): objects.first.map { .current($0) } ?? .deleted(nil)
      case .changed(let object): .current(object)
      case .deleted(let object): .deleted(object)
      case .reachability(let reachability): .reachability(reachability)
      }
    }
  }
}

extension KubernetesClient {
  /// Follows the object from the state in hand: everything that happens to it, or to another of its name, after that.
  public func changes<Object: KubernetesResource>(after known: Object) -> ObjectChanges<Object> {
    ObjectChanges(client: self, known: known)
  }
}
