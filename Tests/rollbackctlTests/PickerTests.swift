import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("Choosing with the keyboard")
struct PickerTests {
  private func picker(_ deploys: [DeployRecord] = Sample.history, suggestion: String? = Sample.v2.id) -> DeployPicker {
    DeployPicker(history: DeployHistory(deploys: deploys, defaultTarget: suggestion ?? ""), app: "hello")
  }

  private func press(_ keys: [Key], _ picker: inout DeployPicker) -> DeployPicker.Step {
    var step = DeployPicker.Step.draw
    for key in keys { step = picker.handle(key) }
    return step
  }

  /// v3 is current, v2 and v1 are targets, the fourth never built an image.
  @Test(
    arguments: [
      ([.enter], .chosen(Sample.v2.id)), ([.down, .enter], .chosen(Sample.v1.id)),
      ([.character("j"), .character("k"), .enter], .chosen(Sample.v2.id)),
      ([.down, .down, .down, .enter], .chosen(Sample.v1.id)), ([.up, .up, .enter], .chosen(Sample.v2.id)),
      ([.end, .enter], .chosen(Sample.v1.id)), ([.end, .home, .enter], .chosen(Sample.v2.id)),
      ([.character("G"), .character("g"), .enter], .chosen(Sample.v2.id)),
      ([.pageDown, .enter], .chosen(Sample.v1.id)), ([.pageDown, .pageUp, .enter], .chosen(Sample.v2.id)),
      ([.character("3"), .enter], .chosen(Sample.v1.id)), ([.character("1"), .enter], .chosen(Sample.v2.id)),
      ([.character("9"), .enter], .chosen(Sample.v2.id)), ([.character("q")], .left), ([.endOfInput], .left),
      ([.character("x")], .draw), ([.character("0")], .draw),
    ] as [([Key], DeployPicker.Step)])
  func `what keys do`(keys: [Key], step: DeployPicker.Step) {
    var picker = picker()
    #expect(press(keys, &picker) == step)
  }

  @Test func `a number of two digits goes to its row`() {
    let deploys = (0..<30).map { number in
      Sample.with(Sample.v1) { $0.id = Sample.id("aaaa00\(number < 10 ? "0" : "")\(number)") }
    }
    var picker = picker(deploys, suggestion: nil)
    #expect(press([.character("1"), .character("2"), .enter], &picker) == .chosen(deploys[11].id))
    var again = self.picker(deploys, suggestion: nil)
    // 31 is no row: the 1 begins anew.
    #expect(press([.character("3"), .character("1"), .enter], &again) == .chosen(deploys[0].id))
  }

  @Test func `it is drawn with the default chosen`() {
    let lines = picker().lines(
      width: 80, height: 24, style: .plain, now: Sample.time(Sample.now), localTime: .utc)
    #expect(
      lines == [
        "Roll back hello to which deploy?",
        "      #  DEPLOY    IMAGE      STATUS      BY   AGE  MIGR  ROLLBACK",
        "   *  1  9f31c2a0  hello:v3   live        ci   6m   0     current",
        "-> >  2  0bd91e44  hello:v2   superseded  ops  3d   2     ok, about 24s",
        "      3  77aa01bc  hello:v1   superseded  ci   15d  5     ok, to 2027-02-06",
        "      4  33e7a810  :building  failed      ci   41d  -     no: never built",
        "arrows or j/k, or a number; Enter chooses, q leaves",
      ])
  }

  @Test func `what is no target says why`() {
    var picker = picker()
    #expect(press([.character("1")], &picker) == .draw)
    let lines = picker.lines(width: 80, height: 24, style: .plain, now: Sample.time(Sample.now), localTime: .utc)
    #expect(lines.last == "9f31c2a0 is no target: it is what runs now")
  }

  @Test(arguments: [(40, 10), (60, 24), (80, 8), (80, 24), (132, 50)])
  func `it fits the terminal, with what is chosen in view`(width: Int, height: Int) {
    let deploys = (0..<25).map { number in
      Sample.with(Sample.v1) {
        $0.id = Sample.id("aaaa00\(number < 10 ? "0" : "")\(number)")
        $0.imageRef = "harbor/octave/a-very-long-name-of-a-service-indeed:v\(number)"
      }
    }
    var picker = picker(deploys, suggestion: nil)
    for number in 0..<25 {
      let lines = picker.lines(
        width: width, height: height, style: .plain, now: Sample.time(Sample.now), localTime: .utc)
      #expect(lines.count < height)
      #expect(lines.allSatisfy { $0.displayWidth < width })
      #expect(lines.contains { $0.hasPrefix("-> ") && $0.contains(shortID(deploys[number].id)) })
      _ = picker.handle(.down)
    }
  }

  // MARK: On a console

  private let daemon = FakeDaemon(
    deploys: Sample.history, apps: [Sample.app], frames: Sample.begun + [Sample.succeeded])

  @Test func `what was chosen is previewed, asked for and erased from the screen`() async {
    let console = FakeConsole.person(answers: ["y"], keys: [.down, .enter])
    #expect(await run("rollback", "hello", on: console, daemon: daemon) == .done)
    #expect(daemon.calls.rollback?.target == Sample.v1.id)
    #expect(console.told.contains("\r\u{1B}[7A\u{1B}[JRoll back hello in namespace octave\n"))
    #expect(console.told.contains("  to    77aa01bc  hello:v1"))
  }

  @Test(arguments: [[Key.character("q")], [.endOfInput], []])
  func `leaving does nothing`(keys: [Key]) async {
    var daemon = daemon
    daemon.calls = FakeDaemon.Calls()
    let console = FakeConsole.person(answers: ["y"], keys: keys)
    #expect(await run("rollback", "hello", on: console, daemon: daemon) == .unexpected)
    #expect(console.told.hasSuffix("\u{1B}[JNothing was done.\n"))
    #expect(daemon.calls.rollouts.isEmpty)
  }

  @Test func `what stands against every target is said before one is chosen`() async {
    var daemon = daemon
    daemon.plan = .success(
      PlanRollbackResponse(
        from: Sample.v3, target: Sample.v2, refusalReason: "deployment_paused",
        refusalMessage: "deployment octave/hello is paused; resume it first (kubectl rollout resume)"))
    let console = FakeConsole.person(answers: ["y"], keys: [.enter])
    #expect(await run("rollback", "hello", on: console, daemon: daemon) == .refused)
    #expect(
      console.screen
        == "error (deployment_paused): deployment octave/hello is paused; resume it first\n  (kubectl rollout resume)\n"
    )
  }

  @Test func `a default that is older than the list is offered at its end`() async {
    var daemon = daemon
    daemon.deploys = (0..<150).map { number in
      Sample.with(Sample.unbuilt) { $0.id = Sample.id("bbbb0\(number < 10 ? "00" : number < 100 ? "0" : "")\(number)") }
    }
    daemon.plan = .success(
      PlanRollbackResponse(from: Sample.v3, target: Sample.v2, allowed: true, namespace: "octave"))
    let console = FakeConsole.person(answers: ["y"], keys: [.enter])
    #expect(await run("rollback", "hello", on: console, daemon: daemon) == .done)
    #expect(daemon.calls.rollback?.target == Sample.v2.id)
    #expect(console.told.contains("-> >  101  0bd91e44"))
  }
}

@Suite("Keys of a terminal")
struct KeyDecoderTests {
  @Test(
    arguments: [
      ([0x1B, 0x5B, 0x41], [.up]), ([0x1B, 0x5B, 0x42], [.down]), ([0x1B, 0x4F, 0x41], [.up]),
      ([0x1B, 0x5B, 0x35, 0x7E], [.pageUp]), ([0x1B, 0x5B, 0x36, 0x7E], [.pageDown]), ([0x1B, 0x5B, 0x48], [.home]),
      ([0x1B, 0x5B, 0x46], [.end]), ([0x1B, 0x5B, 0x31, 0x7E], [.home]), ([0x0D], [.enter]), ([0x0A], [.enter]),
      ([0x04], [.endOfInput]), ([0x0E, 0x10], [.down, .up]), ([0x6A, 0x33], [.character("j"), .character("3")]),
      // Ctrl-Right, F5, Delete, and a byte of UTF-8: passed over whole.
      ([0x1B, 0x5B, 0x31, 0x3B, 0x35, 0x43], []), ([0x1B, 0x5B, 0x31, 0x35, 0x7E], []),
      ([0x1B, 0x5B, 0x33, 0x7E, 0x71], [.character("q")]), ([0xC3, 0xA4], []),
      // ESC alone, then q.
      ([0x1B, 0x71], [.character("q")]),
    ] as [([UInt8], [Key])])
  func `bytes are keys, in pieces too`(bytes: [UInt8], keys: [Key]) {
    var whole = KeyDecoder()
    #expect(whole.decode(bytes) == keys)
    var pieces = KeyDecoder()
    #expect(bytes.flatMap { pieces.decode([$0]) } == keys)
  }

  @Test func `what never ends is given up`() {
    var decoder = KeyDecoder()
    #expect(decoder.decode([0x1B, 0x5B] + [UInt8](repeating: 0x30, count: 40)).isEmpty)
    #expect(decoder.decode([0x71]) == [.character("q")])
  }
}
