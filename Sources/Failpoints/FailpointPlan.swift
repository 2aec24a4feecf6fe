#if ROLLBACKD_FAILPOINTS
  /// Which failpoints fire, when and how: `FP7=kill@3,FP14=sleep:8`.
  ///
  /// `POINT=ACTION[@N[+]]`, separated by commas. Actions: `kill` (SIGKILL to ourselves), `abort`, `stop` (SIGSTOP),
  /// `sleep` or `sleep:SECONDS` (5 by default), `error`. `@N` is the hit at which it fires, the first by default; with
  /// `+` also at every one after it.
  public struct FailpointPlan: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
      case kill, abort, stop, error
      case sleep(milliseconds: Int)

      var word: String {
        switch self {
        case .kill: "kill"
        case .abort: "abort"
        case .stop: "stop"
        case .error: "error"
        case .sleep: "sleep"
        }
      }
    }

    struct Entry: Hashable, Sendable {
      var action: Action
      /// Counted from 1.
      var hit: Int
      var repeats: Bool
    }

    private(set) var entries: [Failpoint: Entry] = [:]

    public var isEmpty: Bool { entries.isEmpty }

    /// - Throws: ``FailpointPlanError`` with a sentence that names what is wrong.
    public init(_ text: String) throws(FailpointPlanError) {
      for part in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
        let sides = part.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, let point = Failpoint(rawValue: String(sides[0])) else {
          throw FailpointPlanError("\(part): expected POINT=ACTION[@N[+]], with a point of FP1 to FP16")
        }
        let words = sides[1].split(separator: "@", omittingEmptySubsequences: false)
        guard words.count <= 2, let action = Self.action(words[0]) else {
          throw FailpointPlanError("\(part): an action is kill, abort, stop, error, sleep or sleep:SECONDS")
        }
        var entry = Entry(action: action, hit: 1, repeats: false)
        if words.count == 2 {
          entry.repeats = words[1].hasSuffix("+")
          guard let hit = Int(entry.repeats ? words[1].dropLast() : words[1]), hit > 0 else {
            throw FailpointPlanError("\(part): after @ stands the number of the hit, from 1")
          }
          entry.hit = hit
        }
        entries[point] = entry
      }
    }

    /// What is to be done at a point's hit of that number.
    func action(at point: Failpoint, hit: Int) -> Action? {
      guard let entry = entries[point] else { return nil }
      return hit == entry.hit || entry.repeats && hit > entry.hit ? entry.action : nil
    }

    private static func action(_ word: Substring) -> Action? {
      switch word {
      case "kill": .kill
      case "abort": .abort
      case "stop": .stop
      case "error": .error
      case "sleep": .sleep(milliseconds: 5000)
      case _ where word.hasPrefix("sleep:"):
        Double(word.dropFirst(6)).flatMap { $0 >= 0 && $0 <= 3600 ? .sleep(milliseconds: Int($0 * 1000)) : nil }
      default: nil
      }
    }
  }

  /// Why a plan cannot be followed.
  public struct FailpointPlanError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
      self.description = description
    }
  }
#endif
