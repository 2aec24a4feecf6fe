public import LinuxIO

extension EventLoop {
  /// Stops the loop and waits until its thread has ended. Not to be called on it.
  public func end() {
    stop()
    join()
  }
}
