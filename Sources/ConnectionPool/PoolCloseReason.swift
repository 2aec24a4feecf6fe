/// Why a pool closed a connection.
public enum PoolCloseReason: String, Hashable, Sendable, CaseIterable {
  /// Nobody used it for the idle timeout.
  case idle
  /// It was open for its lifetime.
  case lifetime
  /// It failed, or the server closed it.
  case broken
  /// It was given back inside a transaction.
  case inTransaction
  /// It was given back with results still to come.
  case undrained
  /// It did not answer in time when asked.
  case validationFailed
  /// The pool was shut.
  case shutdown
}

/// What a connection is like when it is given back.
public enum PoolConnectionCondition: Hashable, Sendable {
  /// Ready for its next user.
  case clean
  /// It failed, or its state is unknown.
  case broken
  /// A transaction is open on it.
  case inTransaction
  /// Results of its last user are still to come.
  case undrained
}
