internal import Glibc

/// Small files with certificates and tokens.
enum CredentialFile {
  /// More than any certificate chain or token needs.
  static let maximumSize = 4 << 20

  /// Reads a file whole, away from any loop: a file system may make its reader wait.
  static func read(_ path: String) async throws(KubernetesError) -> [UInt8] {
    // A task that prefers a loop would read on the loop.
    let result: Result<[UInt8], KubernetesError> = await withTaskExecutorPreference(globalConcurrentExecutor) {
      Result { () throws(KubernetesError) in try readBlocking(path) }
    }
    return try result.get()
  }

  /// Reads a file whole; for start-up, when nothing waits yet.
  static func readBlocking(_ path: String) throws(KubernetesError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    var content: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Glibc.read(descriptor, &part, part.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path, errno) }
      if count == 0 { return content }
      guard content.count + count <= maximumSize else {
        throw KubernetesError(code: .credentials, message: "\(path) is larger than \(maximumSize) bytes")
      }
      content += part.prefix(count)
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> KubernetesError {
    KubernetesError(code: .credentials, message: "cannot read \(path): \(String(cString: strerror(code)))")
  }
}
