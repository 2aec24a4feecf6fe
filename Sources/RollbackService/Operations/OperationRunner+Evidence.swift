internal import RollbackMessages
internal import RolloutCore

extension OperationRunner {
  /// What came of asking for a log.
  private enum LogAnswer: Sendable {
    case log(String)
    /// There is none: no such run, or the container never began.
    case none
    case failed(String)
    /// The time for all of them is over.
    case late
  }

  /// A failure with the logs that help to understand it.
  ///
  /// They are asked for at once and share one deadline: whatever the API server does, the outcome is not held up for
  /// longer. What could not be had is noted in the diagnosis.
  func explain(_ failure: RolloutFailure) async -> Diagnosis {
    var diagnosis = RolloutWords.diagnosis(failure)
    guard !failure.logs.isEmpty else { return diagnosis }
    var answers: [RolloutFailure.LogRequest: LogAnswer] = [:]
    await withTaskGroup(of: (RolloutFailure.LogRequest?, LogAnswer).self) { group in
      for request in failure.logs {
        group.addTask { (request, await answer(to: request)) }
      }
      group.addTask {
        // Ends early only when all answers came first.
        try? await clock.sleep(until: clock.now.advanced(by: timing.logTimeout), tolerance: nil)
        return (nil, .late)
      }
      while answers.count < failure.logs.count, let (request, answer) = await group.next(), let request {
        answers[request] = answer
      }
      group.cancelAll()
    }
    let room = diagnosis.roomForLogs / failure.logs.count
    for request in failure.logs { add(answers[request] ?? .late, of: request, atMost: room, to: &diagnosis) }
    return diagnosis
  }

  private func answer(to request: RolloutFailure.LogRequest) async -> LogAnswer {
    do {
      let text = try await cluster.log(
        of: request.pod, container: request.container, in: operation.app.namespace, previous: request.previous,
        lines: request.lines)
      return text.map(LogAnswer.log) ?? .none
    } catch {
      return .failed((error as? ServiceError)?.message ?? "\(error)")
    }
  }

  /// - Parameter limit: of the log, in bytes.
  private func add(
    _ answer: LogAnswer, of request: RolloutFailure.LogRequest, atMost limit: Int, to diagnosis: inout Diagnosis
  ) {
    let what = "the log of \(request.previous ? "the previous run of " : "")container \(request.container)"
    switch answer {
    case .none: break
    case .late: diagnosis.notes.append("\(what) did not come within \(timing.logTimeout.inSeconds)")
    case .failed(let why): diagnosis.notes.append("\(what) is missing: \(why)")
    case .log(let text):
      let tail = LogTail(text, limit: limit)
      if request.previous { diagnosis.previousLogTail = tail.text } else { diagnosis.logTail = tail.text }
      if let note = tail.note { diagnosis.notes.append("\(what) is cut: \(note)") }
    }
  }
}

extension Diagnosis {
  /// A frame has at most 64 KiB; a part is left for the outcome's sentence, the deploy and its warnings.
  static let frameBudget = 56 << 10

  /// How many bytes of log this diagnosis has room for, in all.
  var roomForLogs: Int {
    let events = events.reduce(0) { sum, event in
      sum + event.object.utf8.count + event.type.utf8.count + event.reason.utf8.count + event.message.utf8.count + 40
    }
    let pods = serving.reduce(0) { $0 + $1.name.utf8.count + $1.image.utf8.count + $1.node.utf8.count + 20 }
    let texts = [summary, pod, container, reason, node, image, comparison, probe].reduce(0) { $0 + $1.utf8.count + 4 }
    return max(0, min(2 * LogTail.limit, Self.frameBudget - events - pods - texts))
  }
}
