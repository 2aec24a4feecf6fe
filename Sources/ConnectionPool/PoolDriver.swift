/// What a pool acts through: its connections, its clock, and its one thread.
///
/// Everything is called, and every completion is to be called, in the one context that the pool is confined to.
public protocol PoolDriver<Connection>: AnyObject {
  associatedtype Connection
  /// A timer that ``schedule(at:_:)`` made.
  associatedtype Timer

  /// Opens a connection and calls `completion` once, possibly before it returns. Must end by itself in bounded time.
  ///
  /// From then on the driver reports by ``ConnectionPool/connectionBroke(_:)`` when the server closes it.
  func open(_ id: PoolConnectionID, completion: @escaping (Result<Connection, any Error>) -> Void)

  /// Gives up opening a connection: it is not wanted any more. Its completion may still be called, with a failure.
  func abandon(_ id: PoolConnectionID)

  /// Asks an idle connection whether it answers.
  func validate(_ connection: Connection, completion: @escaping (Bool) -> Void)

  /// Closes a connection for good; whatever was going on with it fails.
  func close(_ connection: Connection)

  /// The present.
  var now: ContinuousClock.Instant { get }

  /// Fires once, not before `deadline`.
  func schedule(at deadline: ContinuousClock.Instant, _ fire: @escaping () -> Void) -> Timer

  /// Makes sure that a timer does not fire.
  func cancel(_ timer: Timer)

  /// A random number in 0..<1.
  func random() -> Double
}
