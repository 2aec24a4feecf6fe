internal import Foundation

extension Process {
  /// Starts the program with no signal blocked.
  ///
  /// Threads of Dispatch and of Swift's pool block every signal, and a child inherits the mask of the thread that
  /// starts it: a shell would then never hear that its own children ended (pthread_sigmask(3)).
  func runUnblocked() throws {
    var none = sigset_t()
    var before = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try run()
  }
}
