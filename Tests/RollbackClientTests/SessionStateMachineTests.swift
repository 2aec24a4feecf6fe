import Testing

@testable import RollbackClient

@Suite("The session's machine")
struct SessionStateMachineTests {
  final class Connection: Sendable {}
  typealias Machine = SessionStateMachine<Connection, Int>

  @Test("has the first that asks connect, and the others wait")
  func connectsOnce() {
    var machine = Machine()
    #expect(machine.ask(replacing: nil).isConnect)
    #expect(machine.ask(replacing: nil).isWait)
    #expect(machine.wait(1) == true)
    #expect(machine.wait(2) == true)
    let connection = Connection()
    #expect(machine.connected(connection).woken == [1, 2])
    #expect(machine.ask(replacing: nil).used === connection)
  }

  @Test("replaces a lost connection, once for all that lost it")
  func replaces() {
    var machine = Machine()
    let first = Connection()
    let second = Connection()
    _ = machine.ask(replacing: nil)
    _ = machine.connected(first)
    #expect(machine.ask(replacing: first).isConnect)
    #expect(machine.ask(replacing: first).isWait)
    _ = machine.connected(second)
    #expect(machine.ask(replacing: first).used === second, "somebody else has replaced it")
  }

  @Test("tells those who wait that connecting failed, and lets the next try")
  func fails() {
    var machine = Machine()
    _ = machine.ask(replacing: nil)
    #expect(machine.wait(1) == true)
    #expect(machine.failed() == [1])
    #expect(machine.wait(2) == false, "nobody is connecting any more")
    #expect(machine.ask(replacing: nil).isConnect)
  }

  @Test("refuses after it was closed, and discards a connection that comes late")
  func closes() {
    var machine = Machine()
    _ = machine.ask(replacing: nil)
    #expect(machine.wait(1) == true)
    let (connection, waiters) = machine.close()
    #expect(connection == nil)
    #expect(waiters == [1])
    #expect(machine.connected(Connection()).woken == nil)
    #expect(machine.failed() == [])
    #expect(machine.ask(replacing: nil).isRefused)
    #expect(machine.close().0 == nil)
  }

  @Test("gives the connection to whoever closes it")
  func closesConnection() {
    var machine = Machine()
    _ = machine.ask(replacing: nil)
    let connection = Connection()
    _ = machine.connected(connection)
    #expect(machine.close().0 === connection)
  }
}

extension SessionStateMachine.AskAction {
  fileprivate var isConnect: Bool { if case .connect = self { true } else { false } }
  fileprivate var isWait: Bool { if case .wait = self { true } else { false } }
  fileprivate var isRefused: Bool { if case .refuse = self { true } else { false } }
  fileprivate var used: Connection? { if case .use(let connection) = self { connection } else { nil } }
}

extension SessionStateMachine.ConnectedAction {
  /// Nil when the connection is to be discarded.
  fileprivate var woken: [Waiter]? { if case .use(let waiters) = self { waiters } else { nil } }
}
