internal import RollbackMessages

/// A rollout as its frames tell it: what is known so far, and a line for each thing that changed.
struct RolloutStory: Sendable {
  /// `02:47:19  pod       hello-6c9d-x2x ready after 9s`.
  struct Line: Hashable, Sendable {
    var at: Timestamp?
    var word: String
    var text: String
    /// It says nothing new, but that the wait goes on and for what.
    var isHeartbeat = false

    func text(_ localTime: LocalTime) -> String {
      let clock = at.map(localTime.clock) ?? "        "
      return "\(clock)  \(word.padded(to: 10))\(text.displayed)"
    }
  }

  private(set) var accepted: RolloutAccepted?
  private(set) var newest: RolloutProgress?
  private(set) var finished: RolloutFinished?
  private var pods: [String: PodState] = [:]
  /// What was said of each pod since it was last ready.
  private var said: [String: SaidOfPod] = [:]
  /// What the newest line with numbers said.
  private var shownNumbers: String?
  /// What the newest line about trouble said.
  private var shownTrouble = ""
  /// The elapsed time of the newest line.
  private var lastLineAt = Duration.zero

  /// How long nothing may have been said before the wait itself is worth a line. The daemon sends a frame after ten
  /// silent seconds; timers are not that exact.
  private static let silence = Duration.milliseconds(9500)

  /// The id of the deploy, where it is known; else empty.
  var deployID: String { accepted?.deploy?.id ?? finished?.deploy?.id ?? "" }

  /// Takes a frame in; gives the lines for what is new in it.
  mutating func hear(_ frame: RolloutFrame) -> [Line] {
    let lines: [(word: String, text: String)]
    switch frame.kind {
    case .accepted(let accepted)?: lines = hear(accepted)
    case .progress(let progress)?: lines = hear(progress, at: frame.at)
    case .finished(let finished)?: lines = hear(finished)
    case nil: lines = []
    }
    if lines.isEmpty, case .progress(let progress)? = frame.kind, let line = heartbeat(progress, at: frame.at) {
      return [line]
    }
    if case .progress(let progress)? = frame.kind, !lines.isEmpty { lastLineAt = progress.elapsed ?? lastLineAt }
    return lines.map { Line(at: frame.at, word: $0.word, text: $0.text) }
  }

  /// A line for a frame that says nothing new, when nothing was said for a while.
  private mutating func heartbeat(_ progress: RolloutProgress, at time: Timestamp?) -> Line? {
    guard let elapsed = progress.elapsed, elapsed - lastLineAt >= Self.silence else { return nil }
    lastLineAt = elapsed
    let text = "still after \(Duration.seconds(elapsed.wholeSeconds).words): \(progress.phase.text(progress.message))"
    return Line(at: time, word: progress.phase.lineWord, text: text, isHeartbeat: true)
  }

  private mutating func hear(_ accepted: RolloutAccepted) -> [(String, String)] {
    self.accepted = accepted
    let audit = accepted.auditID == 0 ? "" : ", audit #\(accepted.auditID)"
    let deploy = "deploy \(shortID(accepted.deploy?.id ?? ""))"
    return accepted.joined
      ? [("joined", "\(deploy), begun by an earlier call with this request id")] : [("accepted", deploy + audit)]
  }

  private mutating func hear(_ progress: RolloutProgress, at time: Timestamp?) -> [(String, String)] {
    let before = newest
    newest = progress
    var lines: [(String, String)] = []
    for pod in progress.pods {
      if let text = change(of: pod, progress, at: time) { lines.append(("pod", text)) }
      pods[pod.name] = pod
    }
    // A pod's trouble has been said with the pod, unless it is one of very many.
    let isSaid = lines.contains { $0.1 == progress.trouble } || pods.values.contains { $0.message == progress.trouble }
    if progress.trouble != shownTrouble, !progress.trouble.isEmpty, !isSaid {
      lines.append(("trouble", progress.trouble))
    }
    shownTrouble = progress.trouble
    let isNewPhase = before?.phase != progress.phase
    if progress.phase == .rolling, let replicas = progress.replicas {
      let numbers = Self.numbers(replicas)
      if isNewPhase || numbers != shownNumbers {
        shownNumbers = numbers
        lines.append((progress.phase.lineWord, numbers))
      } else if lines.isEmpty, let before, !progress.isSameWait(as: before) {
        lines.append((progress.phase.lineWord, progress.message))
      }
    } else if isNewPhase || progress.phase != .unreachable && before?.message != progress.message {
      lines.append((progress.phase.lineWord, progress.phase.text(progress.message)))
    }
    return lines
  }

  /// What is new about a pod; nil when nothing worth a line is.
  private mutating func change(of pod: PodState, _ progress: RolloutProgress, at time: Timestamp?) -> String? {
    let before = pods[pod.name]
    if pod.ready {
      said[pod.name] = nil
      guard before?.ready != true else { return nil }
      return "\(pod.name) ready" + (elapsed(progress, at: time).map { " after \($0.words)" } ?? "")
    }
    if !pod.message.isEmpty, said[pod.name, default: SaidOfPod()].isNews(pod) {
      return pod.message.contains(pod.name) ? pod.message : "\(pod.name) \(pod.state): \(pod.message)"
    }
    return before?.ready == true ? "\(pod.name) is not ready any more" : nil
  }

  /// In whole seconds, for it is when it was noticed.
  private func elapsed(_ progress: RolloutProgress, at time: Timestamp?) -> Duration? {
    guard let elapsed = progress.elapsed else { return nil }
    return elapsed < .seconds(10) ? elapsed : .seconds(elapsed.wholeSeconds)
  }

  private mutating func hear(_ finished: RolloutFinished) -> [(String, String)] {
    self.finished = finished
    guard finished.outcome == .succeeded, finished.podsChecked > 0 else { return [] }
    let proof = "image verified on \(finished.podsVerified) of \(finished.podsChecked) pods"
    if let replicas = finished.replicas, Self.numbers(replicas) != shownNumbers {
      return [("rolling", "\(Self.numbers(replicas)); \(proof)")]
    }
    return [("verified", proof)]
  }

  static func numbers(_ replicas: Replicas) -> String {
    "\(replicas.updated)/\(replicas.desired) updated, \(replicas.old) old, \(replicas.available) available"
  }
}

/// What was said of a pod that is not ready. Told again is what happened again, another restart, or another reason; not
/// that time passes, nor that a container that crashes goes round through the same states.
private struct SaidOfPod: Sendable {
  private var gists: Set<String> = []
  private var restarts: UInt32 = 0

  mutating func isNews(_ pod: PodState) -> Bool {
    let isNew = gists.insert(Self.gist(pod.message)).inserted
    let isAgain = pod.restarts > restarts
    restarts = max(restarts, pod.restarts)
    return isNew || isAgain
  }

  /// A message without what differs from one look to the next: spans of time, the count of restarts, and whether a
  /// container that ended runs again for a moment. Its reason stays.
  private static func gist(_ message: String) -> String {
    message
      .replacing(#/, and runs again but is not ready$/#, with: "")
      .replacing(#/\d+ (restart|start)s?/#, with: "")
      .replacing(#/(\d+(\.\d+)? ?(ms|s|m|h|d)\b ?)+/#, with: "…")
  }
}

extension RolloutProgress {
  /// Whether the same is waited for, as far as one is only more detailed, and nothing is wrong; what is wrong with a pod
  /// is told with the pod, or was.
  fileprivate func isSameWait(as other: RolloutProgress) -> Bool {
    if wait == other.wait { return true }
    guard trouble.isEmpty, other.trouble.isEmpty else { return false }
    return message.hasPrefix(other.message + "; ") || other.message.hasPrefix(message + "; ")
  }

  /// The message without the trouble of a pod behind it.
  private var wait: Substring {
    let trouble = pods.first { !$0.message.isEmpty && message.hasSuffix("; " + $0.message) }
    return message.dropLast(trouble.map { $0.message.count + 2 } ?? 0)
  }
}

extension RolloutPhase {
  /// At most nine letters, to stand in a column.
  var lineWord: String { self == .unreachable ? "offline" : word }

  /// A sentence of the daemon behind the phase's word, which is not said twice.
  func text(_ message: String) -> String {
    let prefix = word + " "
    return message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
  }
}
