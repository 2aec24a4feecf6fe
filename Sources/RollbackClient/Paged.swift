/// The elements of a list that the daemon gives in pages.
///
/// Each iteration begins at the first page; nothing is asked for before it is read.
public struct Paged<Element: Sendable>: AsyncSequence, Sendable {
  public typealias Failure = RollbackError

  /// Gives the page of a token, and the token of the next one, empty at the end.
  typealias Fetch = @Sendable (String) async throws(RollbackError) -> ([Element], String)

  private let fetch: Fetch

  init(_ fetch: @escaping Fetch) { self.fetch = fetch }

  public func makeAsyncIterator() -> Iterator { Iterator(fetch: fetch) }

  public struct Iterator: AsyncIteratorProtocol {
    private let fetch: Fetch
    private var page: ArraySlice<Element> = []
    /// Nil after the last page.
    private var token: String? = ""

    fileprivate init(fetch: @escaping Fetch) { self.fetch = fetch }

    public mutating func next() async throws(RollbackError) -> Element? {
      while page.isEmpty, let token {
        let (elements, next) = try await fetch(token)
        page = elements[...]
        self.token = next.isEmpty ? nil : next
      }
      return page.popFirst()
    }

    public mutating func next(isolation actor: isolated (any Actor)?) async throws(RollbackError) -> Element? {
      try await next()
    }
  }
}
