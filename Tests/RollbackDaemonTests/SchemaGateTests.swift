import Logging
import RollbackTestKit
import Locking
import Testing

@testable import Postgres
@testable import RollbackDaemon

@Suite(.timeLimit(.minutes(1))) struct SchemaGateTests {
  private static let away = PostgresError(.connectionFailed, "no such host")
  private let clock = ManualClock()

  /// A gate that finds these, one at each look, and the last one ever after; nil: no answer.
  private func gate(_ findings: [Result<SchemaStatus, PostgresError>?]) -> SchemaGate<ManualClock> {
    let left = Locked(findings)
    return SchemaGate(clock: clock, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }) {
      let found = left.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
      guard let found else {
        let (silence, holder) = AsyncStream.makeStream(of: Never.self)
        for await _ in silence {}
        withExtendedLifetime(holder) {}
        throw CancellationError()
      }
      return try found.get()
    }
  }

  /// Lets the next sleep of that length pass.
  private func pass(_ delay: Duration) async {
    while await clock.nextSleep() != delay {}
    clock.advance(by: delay)
  }

  private func words(_ finding: SchemaGate<ManualClock>.Finding) -> String {
    switch finding {
    case .open: "open"
    case .degraded: "degraded"
    case .refused(let error): "refused \(error.exitCode)"
    }
  }

  /// Runs the gate while `during` lets time pass; returns what it told.
  private func told(
    by gate: SchemaGate<ManualClock>, grace: Duration, _ during: () async -> Void
  ) async -> [String] {
    await withTaskGroup(of: [String].self) { group in
      group.addTask {
        let all = Shared()
        await gate.run(within: grace) { finding in all.words.withLock { $0.append(words(finding)) } }
        return all.words.withLock { $0 }
      }
      await during()
      return await group.next() ?? []
    }
  }

  private final class Shared: Sendable {
    let words = Locked<[String]>([])
  }

  @Test func `it opens within the grace, and nothing may be done before`() async {
    let gate = gate([.failure(Self.away), .success(.current)])
    #expect(gate.obstacle != nil)
    let told = await told(by: gate, grace: .seconds(10)) { await pass(.milliseconds(200)) }
    #expect(told == ["open"])
    #expect(gate.obstacle == nil)
  }

  @Test func `after the grace it goes on looking, and tells once that it is degraded`() async {
    let gate = gate([.failure(Self.away), .failure(Self.away), .failure(Self.away), .success(.current)])
    let told = await told(by: gate, grace: .zero) {
      await pass(.seconds(1))
      #expect(gate.obstacle?.contains("no such host") == true, "\(gate.obstacle ?? "")")
      await pass(.seconds(1))
      await pass(.seconds(1))
    }
    #expect(told == ["degraded", "open"])
    #expect(gate.obstacle == nil)
  }

  @Test(arguments: [
    SchemaStatus.missing, .behind(applied: 1, pending: 2), .newer(number: 9, name: "x"),
    .altered(number: 1, name: "x"),
  ])
  func `a database that comes back with another schema is refused`(status: SchemaStatus) async {
    let gate = gate([.failure(Self.away), .success(status)])
    let told = await told(by: gate, grace: .zero) { await pass(.seconds(1)) }
    #expect(told == ["degraded", "refused 78"])
    #expect(gate.obstacle != nil)
  }

  @Test func `a database that is frozen counts as away`() async {
    let gate = gate([nil, .success(.current)])
    let told = await told(by: gate, grace: .seconds(1)) {
      await pass(.seconds(2))
      await pass(.seconds(1))
    }
    #expect(told == ["degraded", "open"])
  }

  @Test func `a schema that may not be read stops the start`() async {
    var forbidden = PostgresError(.server, "x")
    forbidden.sqlState = "42501"
    let told = await told(by: gate([.failure(forbidden)]), grace: .seconds(10)) {}
    #expect(told == ["refused 78"])
  }
}
