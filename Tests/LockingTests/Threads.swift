import Glibc

/// Threads that all run the same.
struct Threads: ~Copyable {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  private var threads: [pthread_t] = []

  init(_ count: Int, _ run: @escaping @Sendable () -> Void) {
    for _ in 0..<count {
      var thread = pthread_t()
      let body = Unmanaged.passRetained(Body(run)).toOpaque()
      pthread_create(
        &thread, nil,
        { argument in
          if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
          return nil
        }, body)
      threads.append(thread)
    }
  }

  consuming func join() {
    for thread in threads { pthread_join(thread, nil) }
  }

  consuming func detach() {
    for thread in threads { pthread_detach(thread) }
  }
}
