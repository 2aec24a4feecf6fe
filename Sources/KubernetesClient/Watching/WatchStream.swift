internal import FoundationEssentials
internal import HTTPClient
public import KubernetesObjects

/// The events of one open watch, in order; nil when the server ended it in good order.
///
/// One reader. `next()` throws when the connection breaks, when an event is no JSON or too large, and as
/// ``KubernetesError/Code/cancelled`` when the task is cancelled. An `ERROR` event is an event, not an error.
public struct WatchStream<Object: KubernetesResource>: AsyncSequence, Sendable {
  public typealias Element = WatchEvent<Object>
  public typealias Failure = KubernetesError

  let body: HTTPBody
  let maximumEventSize: Int
  let request: String

  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(
      chunks: body.makeAsyncIterator(), splitter: LineSplitter(maximumLength: maximumEventSize), request: request)
  }

  public struct AsyncIterator: AsyncIteratorProtocol {
    var chunks: HTTPBody.AsyncIterator
    var splitter: LineSplitter
    let request: String
    private var lines: ArraySlice<[UInt8]> = []

    init(chunks: HTTPBody.AsyncIterator, splitter: LineSplitter, request: String) {
      self.chunks = chunks
      self.splitter = splitter
      self.request = request
    }

    public mutating func next() async throws(KubernetesError) -> WatchEvent<Object>? {
      while lines.isEmpty {
        guard let chunk = try await nextChunk() else {
          guard !splitter.holdsUnfinishedLine else {
            throw KubernetesError(
              code: .unreachable, message: "\(request): the watch was cut in the middle of an event")
          }
          return nil
        }
        do throws(LineSplitter.TooLong) {
          lines = try splitter.split(chunk)[...]
        } catch {
          throw .malformed("an event is larger than \(error.limit) bytes", request: request)
        }
      }
      return try decode(lines.removeFirst())
    }

    private mutating func nextChunk() async throws(KubernetesError) -> [UInt8]? {
      do throws(HTTPClientError) {
        return try await chunks.next()
      } catch {
        throw KubernetesError(error, request: request)
      }
    }

    private func decode(_ line: [UInt8]) throws(KubernetesError) -> WatchEvent<Object> {
      do {
        return try JSONDecoder().decode(WatchEvent<Object>.self, from: Data(line))
      } catch {
        throw .malformed("an event cannot be read: \(error)", request: request)
      }
    }
  }
}
