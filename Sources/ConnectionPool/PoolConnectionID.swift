/// Names one connection of a pool; never used twice by the same pool.
public struct PoolConnectionID: Hashable, Sendable, CustomStringConvertible {
  let number: Int

  public var description: String { "connection \(number)" }
}
