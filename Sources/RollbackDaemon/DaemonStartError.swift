/// Why the daemon does not start, in a sentence that says what to do about it.
struct DaemonStartError: Error, CustomStringConvertible {
  let description: String
  /// As in sysexits.h: 69 for what may work later, 78 for what has to be put right first.
  let exitCode: Int32
}
