import HTTPClient
import KubernetesClient
import Testing

@Suite struct RetryPolicyTests {
  let policy = RetryPolicy()

  struct Row: Sendable {
    var name: String
    var method = HTTPMethod.get
    var attempt = 0
    var outcome: RetryPolicy.Outcome
    var random = 0.0
    var expected: RetryPolicy.Decision
  }

  static func lost(_ code: HTTPClientError.Code, unsent: Bool = false) -> RetryPolicy.Outcome {
    .transport(HTTPClientError(code: code, message: "", mayHaveReachedServer: !unsent))
  }

  @Test(arguments: [
    Row(
      name: "429 waits as told", outcome: .answer(status: 429, retryAfter: .seconds(3)),
      expected: .retry(after: .seconds(3))),
    Row(
      name: "and a fifth longer at most", outcome: .answer(status: 429, retryAfter: .seconds(10)), random: 0.5,
      expected: .retry(after: .seconds(11))),
    Row(
      name: "429 of a write too: it was not carried out", method: .patch,
      outcome: .answer(status: 429, retryAfter: .seconds(1)), expected: .retry(after: .seconds(1))),
    Row(
      name: "429 without a number backs off", attempt: 2, outcome: .answer(status: 429, retryAfter: nil),
      expected: .retry(after: .milliseconds(200))),
    Row(
      name: "the tenth retry is the last", attempt: 10, outcome: .answer(status: 429, retryAfter: .seconds(1)),
      expected: .giveUp),
    Row(
      name: "a long wait is the caller's", outcome: .answer(status: 429, retryAfter: .seconds(31)), expected: .giveUp),
    Row(
      name: "500 without Retry-After is an answer", outcome: .answer(status: 500, retryAfter: nil), expected: .giveUp),
    Row(
      name: "500 with it is repeated for a read", outcome: .answer(status: 500, retryAfter: .seconds(1)),
      expected: .retry(after: .seconds(1))),
    Row(
      name: "but not for a write, which may have happened", method: .patch,
      outcome: .answer(status: 500, retryAfter: .seconds(1)), expected: .giveUp),
    Row(
      name: "504 of a write leaves its outcome open", method: .patch,
      outcome: .answer(status: 504, retryAfter: .seconds(1)), expected: .giveUp),
    Row(
      name: "503 with Retry-After says not yet, to a write too", method: .patch,
      outcome: .answer(status: 503, retryAfter: .seconds(1)), expected: .retry(after: .seconds(1))),
    Row(name: "404 is an answer", outcome: .answer(status: 404, retryAfter: .seconds(1)), expected: .giveUp),
    Row(
      name: "a lost connection is repeated for a read", outcome: lost(.connectionLost),
      expected: .retry(after: .milliseconds(50))),
    Row(name: "not for a write", method: .patch, outcome: lost(.connectionLost), expected: .giveUp),
    Row(
      name: "no connection is repeated for a write: nothing was sent", method: .patch,
      outcome: lost(.connect, unsent: true), expected: .retry(after: .milliseconds(50))),
    Row(
      name: "unless libcurl had sent it on another connection before", method: .patch, outcome: lost(.connect),
      expected: .giveUp),
    Row(name: "three times at most", attempt: 3, outcome: lost(.connect), expected: .giveUp),
    Row(name: "a timeout took long enough", outcome: lost(.timeout), expected: .giveUp),
    Row(name: "a refused certificate stays refused", outcome: lost(.tls), expected: .giveUp),
    Row(name: "cancelled is cancelled", outcome: lost(.cancelled), expected: .giveUp),
  ])
  func decides(_ row: Row) {
    #expect(
      policy.decide(after: row.attempt, method: row.method, outcome: row.outcome, random: row.random) == row.expected,
      "\(row.name)")
  }

  @Test func waitsNeverPassTheirMaximum() {
    for attempt in 0..<10 {
      guard
        case .retry(let delay) = policy.decide(
          after: attempt, method: .get, outcome: .answer(status: 429, retryAfter: nil), random: 0.999)
      else {
        Issue.record("gave up at \(attempt)")
        return
      }
      #expect(delay <= policy.maximumDelay)
    }
  }
}
