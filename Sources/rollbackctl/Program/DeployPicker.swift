internal import RollbackMessages

/// Choosing a rollback's target from a list with the keyboard: what each key does, and what is shown.
struct DeployPicker: Sendable {
  /// What is to be done after a key.
  enum Step: Hashable, Sendable {
    case draw
    /// The id of the deploy.
    case chosen(String)
    /// Nothing was chosen, as was wished.
    case left
  }

  let history: DeployHistory
  let app: String
  private(set) var cursor: Int
  /// Digits of a row's number that were typed.
  private var digits = ""
  private var note = ""

  /// - Parameter history: as it is shown; at least one of its deploys is a target.
  init(history: DeployHistory, app: String) {
    self.history = history
    self.app = app
    cursor =
      history.deploys.firstIndex { $0.id == history.defaultTarget }
      ?? history.deploys.firstIndex(where: history.isTarget) ?? 0
  }

  mutating func handle(_ key: Key) -> Step {
    note = ""
    if case .character(let character) = key, character.isASCII, character.isNumber {
      type(character)
      return .draw
    }
    digits = ""
    switch key {
    case .up, .character("k"): move(-1)
    case .down, .character("j"): move(1)
    case .pageUp: move(-1, times: 10)
    case .pageDown: move(1, times: 10)
    case .home, .character("g"): move(1, from: -1)
    case .end, .character("G"): move(-1, from: history.deploys.count)
    case .enter:
      let deploy = history.deploys[cursor]
      if history.isTarget(deploy) { return .chosen(deploy.id) }
      refuse(deploy)
    case .character("q"), .character("Q"), .endOfInput: return .left
    case .character: break
    }
    return .draw
  }

  // MARK: Moving

  /// Goes over targets only; stays where there is none that way.
  private mutating func move(_ step: Int, times: Int = 1) {
    for _ in 0..<times { move(step, from: cursor) }
  }

  private mutating func move(_ step: Int, from start: Int) {
    var index = start + step
    while history.deploys.indices.contains(index) {
      if history.isTarget(history.deploys[index]) {
        cursor = index
        return
      }
      index += step
    }
  }

  /// A number of one or several digits goes to its row.
  private mutating func type(_ digit: Character) {
    let longer = Int(digits + String(digit)) ?? 0
    digits = longer > history.deploys.count ? String(digit) : digits + String(digit)
    guard let number = Int(digits), history.deploys.indices.contains(number - 1) else {
      digits = ""
      return
    }
    let deploy = history.deploys[number - 1]
    if history.isTarget(deploy) { cursor = number - 1 } else { refuse(deploy) }
  }

  private mutating func refuse(_ deploy: DeployRecord) {
    note = "\(shortID(deploy.id)) is no target: \(history.obstacle(to: deploy))"
  }

  // MARK: Showing

  /// - Parameter height: the rows of the terminal; nil for no limit.
  /// - Returns: lines that are narrower than `width`.
  func lines(width: Int, height: Int?, style: Style, now: Timestamp, localTime: LocalTime) -> [String] {
    let table = DeployTable(history: history, now: now, localTime: localTime, isNumbered: true)
    let rows = table.table.text(width: width - Self.margin - 1).split(separator: "\n").map(String.init)
    let room = max(3, min(history.deploys.count, (height ?? .max) - 5))
    let first = max(0, min(cursor - room / 2, history.deploys.count - room))
    var lines = [style.bold("Roll back \(app.displayed) to which deploy?".cut(to: width - 1))]
    let margin = String(repeating: " ", count: Self.margin)
    lines.append(style.bold(margin + (rows.first ?? "").cut(to: width - Self.margin - 1)))
    for (index, row) in rows.dropFirst().enumerated().dropFirst(first).prefix(room) {
      let text = row.cut(to: width - Self.margin - 1)
      lines.append(index == cursor ? style.bold(Self.mark + text) : margin + text)
    }
    var help = "arrows or j/k, or a number; Enter chooses, q leaves"
    if room < history.deploys.count {
      help += "   (\(first + 1)-\(first + room) of \(history.deploys.count))"
    }
    lines.append(style.dim(help.cut(to: width - 1)))
    if !note.isEmpty { lines.append(note.displayed.cut(to: width - 1)) }
    return lines
  }

  private static let mark = "-> "
  private static let margin = 3
}
