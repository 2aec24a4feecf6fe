/// Decides when the connections of a transport are to be left alone.
///
/// libcurl 7.88 keeps a connection whose peer fell silent in its pool: the request that notices times out, and every
/// next one is sent into the same hole. There is no ping with a deadline. So once a request that had a connection timed
/// out in silence, new requests get a new transport, and the old one only ends what it carries. Pure.
struct TransportHealth {
  /// How one request ended, as far as it says something about its connection.
  struct Observation {
    /// The total or the idle timeout passed.
    var timedOut: Bool
    /// TCP (and TLS) were done: a timeout before that leaves nothing in the pool.
    var wasConnected: Bool
    /// Bytes of answer, head included.
    var bytesReceived: Int
    /// Time since the last byte of answer, or since the start where there was none.
    var silence: Duration
    /// The transport that carried it is the one new requests get.
    var isCurrentTransport: Bool
  }

  enum Action: Equatable {
    case keep
    case replaceTransport
  }

  /// An answer that still flows when its total timeout passes is slow, not dead.
  static let silenceOfTheDead: Duration = .seconds(5)

  private(set) var replacements = 0

  mutating func observe(_ observation: Observation) -> Action {
    guard observation.timedOut, observation.wasConnected, observation.isCurrentTransport,
      observation.bytesReceived == 0 || observation.silence >= Self.silenceOfTheDead
    else { return .keep }
    replacements += 1
    return .replaceTransport
  }
}
