extension Duration {
  /// As a column of ages has it: one unit, rounded down: `12s`, `6m`, `5h`, `3d`.
  var age: String {
    let seconds = max(0, components.seconds)
    switch seconds {
    case ..<60: return "\(seconds)s"
    case ..<3600: return "\(seconds / 60)m"
    case ..<172_800: return "\(seconds / 3600)h"
    default: return "\(seconds / 86_400)d"
    }
  }

  /// As a sentence has it: two units, and tenths below ten seconds: `0.4s`, `26s`, `1m30s`, `3d4h`.
  var words: String {
    let tenths = max(0, components.seconds * 10 + (components.attoseconds + 50_000_000_000_000_000) / Self.tenth)
    if tenths < 100, tenths % 10 != 0 { return "\(tenths / 10).\(tenths % 10)s" }
    let seconds = tenths < 100 ? tenths / 10 : wholeSeconds
    switch seconds {
    case ..<60: return "\(seconds)s"
    case ..<3600: return Self.pair(seconds, 60, "m", 1, "s")
    case ..<86_400: return Self.pair(seconds, 3600, "h", 60, "m")
    default: return Self.pair(seconds, 86_400, "d", 3600, "h")
    }
  }

  /// Rounded to the nearest.
  var wholeSeconds: Int64 {
    components.seconds + (components.attoseconds >= 5 * Self.tenth ? 1 : 0)
  }

  private static let tenth: Int64 = 100_000_000_000_000_000

  private static func pair(
    _ seconds: Int64, _ large: Int64, _ largeName: String, _ small: Int64, _ smallName: String
  ) -> String {
    let rest = seconds % large / small
    return "\(seconds / large)\(largeName)" + (rest == 0 ? "" : "\(rest)\(smallName)")
  }
}
