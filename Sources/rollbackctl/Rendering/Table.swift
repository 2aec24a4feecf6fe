/// Columns under headings, made to fit.
///
/// What is too wide is made narrower column by column, in the order of ``Column/sacrifice``: first each such column takes
/// its cells' shorter wordings, then it is cut, down to its least width, or left out where it may be.
struct Table {
  struct Column {
    var heading: String
    /// Columns with a lower number give way first; nil: never.
    var sacrifice: Int?
    /// Never cut below this.
    var leastWidth = 6
    /// May be left out altogether when even the rest does not fit.
    var mayVanish = false
    /// Of what is too long the end is what matters: images have their tag there.
    var keepsEnd = false
  }

  /// What a cell says: the longest wording first.
  struct Cell: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    var wordings: [String]

    init(_ wordings: String...) { self.wordings = wordings.map(\.displayed) }
    init(stringLiteral value: String) { self.init(value) }
  }

  var columns: [Column]
  var rows: [[Cell]] = []
  /// Between columns.
  private static let gap = "  "

  init(_ columns: [Column]) { self.columns = columns }

  /// - Parameter width: the columns of the terminal; nil for no limit.
  func text(width: Int?, style: Style = .plain) -> String {
    var level = [Int](repeating: 0, count: columns.count)
    var shown = [Bool](repeating: true, count: columns.count)
    var widths = columns.indices.map { natural($0, level: 0) }
    if let width {
      let order = columns.indices.filter { columns[$0].sacrifice != nil }
        .sorted { (columns[$0].sacrifice ?? 0, $0) < (columns[$1].sacrifice ?? 0, $1) }
      let steps: [(Int) -> Void] = [
        { column in
          level[column] = 1
          widths[column] = natural(column, level: 1)
        },
        { column in
          if columns[column].mayVanish { shown[column] = false }
        },
        { column in
          let excess = total(widths, shown) - width
          widths[column] = max(min(widths[column], columns[column].leastWidth), widths[column] - excess)
        },
      ]
      for step in steps {
        for column in order where total(widths, shown) > width { step(column) }
      }
    }
    let heading = style.bold(line(columns.map { Cell($0.heading) }, level, widths, shown))
    return ([heading] + rows.map { line($0, level, widths, shown) }).map { $0 + "\n" }.joined()
  }

  private func natural(_ column: Int, level: Int) -> Int {
    let cells = rows.map { wording($0[column], level).displayWidth }
    return max(columns[column].heading.displayWidth, cells.max() ?? 0)
  }

  private func wording(_ cell: Cell, _ level: Int) -> String {
    cell.wordings.isEmpty ? "" : cell.wordings[min(level, cell.wordings.count - 1)]
  }

  private func total(_ widths: [Int], _ shown: [Bool]) -> Int {
    let visible = widths.indices.filter { shown[$0] }
    return visible.reduce(0) { $0 + widths[$1] } + max(0, visible.count - 1) * Self.gap.count
  }

  private func line(_ cells: [Cell], _ level: [Int], _ widths: [Int], _ shown: [Bool]) -> String {
    let texts = columns.indices.filter { shown[$0] }.map { column in
      wording(cells[column], level[column]).cut(to: widths[column], keepingEnd: columns[column].keepsEnd)
        .padded(to: widths[column])
    }
    let text = texts.joined(separator: Self.gap)
    return String(text.reversed().drop { $0 == " " }.reversed())
  }
}
