internal import Glibc

/// How much slower than usual the tests run.
public enum Slowness {
  /// By this much is longer what has a deadline of its own: 1, or `ROLLBACKD_TEST_SLOWNESS`, which scripts/test sets
  /// under the thread sanitizer.
  public static let factor = getenv("ROLLBACKD_TEST_SLOWNESS").flatMap { Int(String(cString: $0)) } ?? 1
}
