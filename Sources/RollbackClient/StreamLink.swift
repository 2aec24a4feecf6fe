internal import TTRPC
internal import TTRPCCore

/// The stream that is being read at the moment, of those that follow one another where connections are lost.
struct StreamLink<Message: Sendable> {
  /// With its connection, which lives as long as somebody holds it.
  private var stream: (reader: StreamReader<Message>, connection: TTRPCClient)?
  /// The connection on which the last stream failed.
  private var lost: TTRPCClient?

  /// Whether a stream is open; else the next message opens one.
  var isOpen: Bool { stream != nil }

  /// The next message. After a failure the next call opens another stream.
  mutating func next(
    on session: Session, _ open: (TTRPCClient) -> StreamReader<Message>
  ) async throws(StreamFailure) -> Message {
    let reader = try await reader(on: session, open)
    let failure: StreamFailure
    do throws(RPCError) {
      if let message = try await reader.next() { return message }
      failure = .endedEarly
    } catch {
      failure = .failed(error)
    }
    if failure.isOfConnection { lost = stream?.connection }
    stream = nil
    throw failure
  }

  /// Gives the stream up.
  mutating func close() { stream = nil }

  private mutating func reader(
    on session: Session, _ open: (TTRPCClient) -> StreamReader<Message>
  ) async throws(StreamFailure) -> StreamReader<Message> {
    if let stream { return stream.reader }
    do throws(RollbackError) {
      let connection = try await session.connection(replacing: lost)
      let reader = open(connection)
      stream = (reader, connection)
      return reader
    } catch {
      throw .unreachable(error)
    }
  }
}
