internal import Glibc

/// How many descriptors this process may have at a time (getrlimit(2), `RLIMIT_NOFILE`).
public enum DescriptorLimit {
  /// Raises the soft limit to the hard one, as a process may that uses no select(2), and returns what then holds: the
  /// old limit where the kernel, or a sandbox, does not let us.
  public static func raise() -> Int {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0 else { return 1024 }
    let wanted = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
    if limit.rlim_cur < limit.rlim_max, withUnsafePointer(to: wanted, { setrlimit(resource, $0) }) == 0 {
      limit = wanted
    }
    return Int(clamping: limit.rlim_cur)
  }
}
