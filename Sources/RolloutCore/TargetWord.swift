/// How a caller names a deploy of an app.
public enum TargetWord: Hashable, Sendable {
  /// Nothing was named: the newest that went live, was not rolled back from, and can be rolled back to.
  case lastKnownGood
  case current
  /// So many back from the current one, over those that went live; at least 1.
  case back(Int)
  /// An id or the beginning of one, in lower case.
  case id(beginning: String)

  /// How far back a deploy can be named by counting.
  public static let farthestBack = 1000

  /// - Throws: `invalid_argument` for what can name no deploy.
  public init(_ text: String) throws(Refusal) {
    switch text {
    case "": self = .lastKnownGood
    case "current": self = .current
    case "previous": self = .back(1)
    default:
      if text.hasPrefix("-"), let steps = Int(text.dropFirst()), steps > 0 {
        guard steps <= Self.farthestBack else {
          throw Refusal(.invalidArgument, "\(text) is too far back to count: name the deploy by its id")
        }
        self = .back(steps)
        return
      }
      let beginning = text.lowercased()
      guard beginning.utf8.count <= 36, beginning.utf8.allSatisfy(Self.isOfIDs), beginning.first != "-" else {
        throw Refusal(
          .invalidArgument, "\"\(text.oneLine(limit: 60))\" is neither a deploy id nor current, previous or -N")
      }
      self = .id(beginning: beginning)
    }
  }

  private static func isOfIDs(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "-"): true
    default: false
    }
  }
}
