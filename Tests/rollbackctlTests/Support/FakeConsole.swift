import Locking
import RollbackMessages

@testable import rollbackctl

/// A terminal, or none, that remembers what it was told.
final class FakeConsole: Console {
  private struct State {
    var output = ""
    var progress = ""
    var all = ""
    var answers: [String]
    var keys: [Key]
    var outputFailure: CommandFailure?
  }

  private let state: Locked<State>
  let output: StreamTraits
  let progress: StreamTraits
  let canAsk: Bool
  let now: Timestamp
  let localTime = LocalTime.utc

  init(
    output: StreamTraits, progress: StreamTraits, canAsk: Bool, answers: [String] = [], keys: [Key] = [],
    now: String = Sample.now
  ) {
    self.output = output
    self.progress = progress
    self.canAsk = canAsk
    self.now = Sample.time(now)
    state = Locked(State(answers: answers, keys: keys))
  }

  /// A person at a terminal on which nothing is redrawn, so that what was told can be read.
  static func person(width: Int = 80, answers: [String] = []) -> FakeConsole {
    let traits = StreamTraits(isTerminal: true, width: width)
    return FakeConsole(output: traits, progress: traits, canAsk: true, answers: answers)
  }

  /// A person at a terminal that can be redrawn, who presses these keys.
  static func person(width: Int = 80, answers: [String], keys: [Key]) -> FakeConsole {
    let traits = StreamTraits(isTerminal: true, width: width, height: 24, canRedraw: true)
    return FakeConsole(output: traits, progress: traits, canAsk: true, answers: answers, keys: keys)
  }

  /// A pipe.
  static func program() -> FakeConsole {
    FakeConsole(output: StreamTraits(), progress: StreamTraits(), canAsk: false)
  }

  func write(_ bytes: [UInt8]) throws { try write(String(decoding: bytes, as: UTF8.self)) }

  func write(_ text: String) throws {
    try state.withLock { state in
      if let failure = state.outputFailure { throw failure }
      state.output += text
      state.all += text
    }
  }

  func tell(_ text: String) {
    state.withLock { state in
      state.progress += text
      state.all += text
    }
  }

  func readLine() async throws -> String? {
    state.withLock { state in
      guard !state.answers.isEmpty else { return nil }
      let answer = state.answers.removeFirst()
      // As the terminal shows what is typed.
      state.progress += answer + "\n"
      state.all += answer + "\n"
      return answer
    }
  }

  func withKeys<Result>(_ body: (AsyncStream<Key>) async throws -> Result) async throws -> Result {
    let (keys, input) = AsyncStream.makeStream(of: Key.self)
    for key in state.withLock({ $0.keys }) { input.yield(key) }
    input.finish()
    return try await body(keys)
  }

  func failWriting(_ failure: CommandFailure) { state.withLock { $0.outputFailure = failure } }

  /// Standard output.
  var written: String { state.withLock { $0.output } }
  /// Standard error.
  var told: String { state.withLock { $0.progress } }
  /// Both, as a terminal mixes them.
  var screen: String { state.withLock { $0.all } }
}
