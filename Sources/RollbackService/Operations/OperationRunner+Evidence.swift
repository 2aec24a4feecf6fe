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
    for request in failure.logs { add(answers[request] ?? .late, of: request, to: &diagnosis) }
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

  private func add(_ answer: LogAnswer, of request: RolloutFailure.LogRequest, to diagnosis: inout Diagnosis) {
    let what = "the log of \(request.previous ? "the previous run of " : "")container \(request.container)"
    switch answer {
    case .none: break
    case .late: diagnosis.notes.append("\(what) did not come within \(timing.logTimeout.inSeconds)")
    case .failed(let why): diagnosis.notes.append("\(what) is missing: \(why)")
    case .log(let text):
      let tail = LogTail(text)
      if request.previous { diagnosis.previousLogTail = tail.text } else { diagnosis.logTail = tail.text }
      if let note = tail.note { diagnosis.notes.append("\(what) is cut: \(note)") }
    }
  }
}
