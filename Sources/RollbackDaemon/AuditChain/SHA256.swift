internal import CLibcrypto

/// SHA-256 by libcrypto, fed piece by piece.
struct SHA256: ~Copyable {
  static let byteCount = 32

  private let context: OpaquePointer?
  private let algorithm: OpaquePointer?

  init() {
    // EVP_MD_CTX_new(3): freed by EVP_MD_CTX_free. EVP_MD_fetch(3): fetched once here, so that each start does not
    // look the algorithm up again; freed by EVP_MD_free. Both may be NULL when memory is short.
    context = EVP_MD_CTX_new()
    algorithm = EVP_MD_fetch(nil, "SHA256", nil)
  }

  deinit {
    EVP_MD_free(algorithm)
    EVP_MD_CTX_free(context)
  }

  /// Forgets what was fed; to be called before the first ``update(_:)``.
  mutating func restart() {
    // 1 is success; a context that could not be made fails in ``finish()`` by a digest that matches nothing.
    _ = EVP_DigestInit_ex2(context, algorithm, nil)
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return }
    _ = EVP_DigestUpdate(context, base, bytes.count)
  }

  /// Feeds the integer's bytes, most significant first.
  mutating func update(_ integer: some FixedWidthInteger) {
    withUnsafeBytes(of: integer.bigEndian) { update($0) }
  }

  /// The digest of what was fed since ``restart()``.
  mutating func finish() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Self.byteCount) { digest, count in
      // EVP_DigestFinal_ex(3) writes 32 bytes for this algorithm.
      count = EVP_DigestFinal_ex(context, digest.baseAddress, nil) == 1 ? Self.byteCount : 0
    }
  }

  static func digest(of bytes: [UInt8]) -> [UInt8] {
    var hash = SHA256()
    hash.restart()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }
}
