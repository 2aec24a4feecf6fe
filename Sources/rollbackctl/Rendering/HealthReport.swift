internal import RollbackMessages

/// How the daemon is, a line for each part.
struct HealthReport {
  var health: GetHealthResponse
  var now: Timestamp

  func text(width: Int?, style: Style) -> String {
    var lines = [line("rollbackd", health.state, daemon, style)]
    if let database = health.database {
      lines.append(line("database", database.state, pool(database) + sentence(database.message), style))
    }
    if let cluster = health.cluster {
      let server = [cluster.server, cluster.version].filter { !$0.isEmpty }.joined(separator: ", ")
      lines.append(line("API server", cluster.state, server + sentence(cluster.message, after: server), style))
    }
    if let registry = health.registry { lines.append(line("registry", registry.state, registry.message, style)) }
    if let ready = health.timeToReady { lines.append("\("rollbacks".padded(to: 12))\(figures(ready))") }
    lines += health.running.isEmpty ? ["running     none"] : [""]
    var text = lines.flatMap { RolloutPreview.wrap($0, indent: 28, width) }.map { $0 + "\n" }.joined()
    if !health.running.isEmpty { text += running.text(width: width, style: style) }
    return text
  }

  private func line(_ name: String, _ state: ComponentState, _ text: String, _ style: Style) -> String {
    let word = state.words
    let emphasized =
      switch state {
      case .ok: style.good(word)
      case .degraded: style.warning(word)
      case .down: style.bad(word)
      default: word
      }
    let padding = String(repeating: " ", count: max(0, 16 - word.count))
    let line = name.padded(to: 12) + emphasized + (text.isEmpty ? "" : padding + text.displayed)
    return line
  }

  private var daemon: String {
    let up = health.uptime.map { "up \($0.words)" } ?? ""
    let version = health.version.isEmpty ? "" : "version \(health.version)"
    let host = health.host.isEmpty ? "" : "on \(health.host)"
    let connections = "\(health.connections) connection" + (health.connections == 1 ? "" : "s")
    return [version, host, up, connections].filter { !$0.isEmpty }.joined(separator: ", ")
  }

  private func pool(_ database: DatabaseHealth) -> String {
    let waiting = database.waiting == 0 ? "" : ", \(database.waiting) waiting"
    let schema = database.schemaVersion == 0 ? "unknown" : "\(database.schemaVersion)"
    return "schema \(schema); pool \(database.inUse) in use, \(database.idle) idle of "
      + "\(database.maximum)\(waiting)"
  }

  private func sentence(_ message: String, after text: String = " ") -> String {
    message.isEmpty ? "" : (text.isEmpty ? "" : "; ") + message
  }

  private func figures(_ ready: TimeToReady) -> String {
    guard ready.count > 0 else { return "none since it started" }
    let median = ready.median.map { ", median \($0.words)" } ?? ""
    let maximum = ready.maximum.map { ", longest \($0.words)" } ?? ""
    return "\(ready.count) since it started, \(ready.metTarget) within 30s\(median)\(maximum)"
  }

  private var running: Table {
    var table = Table([
      .init(heading: "RUNNING"), .init(heading: "APP", sacrifice: 2, leastWidth: 10), .init(heading: "SINCE"),
      .init(heading: "HOST", sacrifice: 3, leastWidth: 8), .init(heading: "PROGRESS", sacrifice: 1, leastWidth: 16),
    ])
    table.rows = health.running.map { operation in
      [
        "\(shortID(operation.deployID))", "\(operation.app)",
        "\(operation.since.map { now.since($0).age } ?? "-")", "\(operation.host.isEmpty ? "-" : operation.host)",
        "\(operation.progress.isEmpty ? "-" : operation.progress)",
      ]
    }
    return table
  }
}

extension ComponentState {
  fileprivate var words: String { self == .notConfigured ? "not configured" : word }
}
