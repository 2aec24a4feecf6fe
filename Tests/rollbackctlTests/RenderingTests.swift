import RollbackMessages
import Testing

@testable import rollbackctl

@Suite("Text for a terminal")
struct RenderingTests {
  @Test(arguments: [
    ("hello", 5), ("", 0), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("😀", 2), ("👩‍💻", 2), ("…", 1), ("❤\u{FE0F}", 2),
    ("⠋", 1),
    ("█░", 2), ("\u{AD}", 0),
  ])
  func `is as wide as it looks`(text: String, width: Int) {
    #expect(text.displayWidth == width)
  }

  @Test func `is cut with a mark, at either end`() {
    #expect("hello:v2".cut(to: 6) == "hello…")
    #expect("hello:v2".cut(to: 6, keepingEnd: true) == "…lo:v2")
    #expect("日本語".cut(to: 4) == "日…")
    #expect("ok".cut(to: 2) == "ok")
    #expect("ok".cut(to: 1) == "…")
  }

  @Test func `breaks between words, and inside one that is too long`() {
    #expect("a bb ccc dddd".wrapped(to: 6) == ["a bb", "ccc", "dddd"])
    #expect("aaaaaaaa b".wrapped(to: 4) == ["aaaa", "aaaa", "b"])
  }

  @Test(arguments: [
    ("a\nb", #"a\nb"#), ("\u{1B}[31m", #"\u{1B}[31m"#), ("\u{9B}2J", #"\u{9B}2J"#), ("tab\t", #"tab\t"#),
    ("\u{202E}abc", #"\u{202E}abc"#), ("日本 é", "日本 é"), ("a\r\nb", #"a\r\nb"#),
  ])
  func `has no control characters of others`(text: String, shown: String) {
    #expect(text.displayed == shown)
  }

  @Test(arguments: [
    (Duration.zero, "0s", "0s"), (.milliseconds(400), "0.4s", "0s"), (.milliseconds(9960), "10s", "9s"),
    (.milliseconds(26_400), "26s", "26s"), (.seconds(60), "1m", "1m"), (.seconds(90), "1m30s", "1m"),
    (.seconds(3600), "1h", "1h"), (.seconds(3 * 86_400 + 4 * 3600), "3d4h", "3d"), (.seconds(100_000), "1d3h", "27h"),
    (.seconds(-5), "0s", "0s"),
  ])
  func `spans have one unit in columns and two in sentences`(span: Duration, words: String, age: String) {
    #expect(span.words == words)
    #expect(span.age == age)
  }

  @Test func `images are short where that is unambiguous`() {
    #expect(
      ImageName.names(["h/o/hello:v1", "h/o/hello:v2", "h/o/hello:building"]) == ["hello:v1", "hello:v2", ":building"])
    #expect(ImageName.names(["a/hello:v1", "b/hello:v1"]) == ["a/hello:v1", "b/hello:v1"])
    #expect(ImageName.digest("sha256:1c9e00") == ("sha256:1c9e…", "1c9e…"))
  }

  // MARK: The line at the bottom

  @Test func `is drawn in place, one piece of text each time`() {
    var line = StatusLine()
    #expect(line.draw("first", width: 80) == "first")
    #expect(line.draw("second", width: 80) == "\r\u{1B}[Jsecond")
    #expect(line.draw("third", below: ["done"], width: 80) == "\r\u{1B}[Jdone\nthird")
    #expect(line.draw(nil, width: 80) == "\r\u{1B}[J")
    #expect(line.draw(nil, width: 80) == "")
  }

  @Test func `never reaches the last column, and is erased whole when the terminal was made narrower`() {
    var line = StatusLine()
    // With ^C behind it, which the terminal writes, it is still a line.
    #expect(line.draw(String(repeating: "x", count: 100), width: 80).displayWidth == 77)
    // 77 columns are four lines of 20.
    #expect(line.draw("y", width: 20) == "\r\u{1B}[3A\u{1B}[Jy")
  }

  @Test func `shows pods and time against the target`() {
    var status = RolloutStatus(
      phase: "rolling", done: 1, desired: 2, elapsed: .milliseconds(12_900), detail: "hello-x2x starting")
    #expect(
      status.text(tick: 0, isUnicode: true)
        == "⠋ rolling   [████████░░░░░░░░] 1/2 ready  12s of 30s  hello-x2x starting")
    status.elapsed = .seconds(34)
    status.detail = ""
    #expect(status.text(tick: 5, isUnicode: false) == "/ rolling   [########........] 1/2 ready  34s, 4s over")
  }

  // MARK: The story

  @Test func `a line for each change, and none for what stays`() {
    var story = RolloutStory()
    let pod = PodState(name: "p-1", ready: false, state: "starting")
    func lines(_ frame: RolloutFrame) -> [String] { story.hear(frame).map { "\($0.word): \($0.text)" } }
    let two = Sample.numbers(updated: 1, old: 2)
    #expect(
      lines(Sample.progress(2, "02:47:11", .rolling, two, pods: [pod], "a", elapsed: .seconds(1)))
        == ["rolling: 1/2 updated, 2 old, 2 available"])
    #expect(lines(Sample.progress(3, "02:47:12", .rolling, two, pods: [pod], "a", elapsed: .seconds(2))) == [])
    let crashed = Sample.with(pod) {
      $0.state = "CrashLoopBackOff"
      $0.restarts = 1
      $0.message = "container web in pod p-1 exits 1"
    }
    #expect(
      lines(Sample.progress(4, "02:47:13", .rolling, two, pods: [crashed], "a; b", elapsed: .seconds(3)))
        == ["pod: container web in pod p-1 exits 1"])
    #expect(
      lines(Sample.progress(5, "02:47:14", .unreachable, two, pods: [crashed], "away for 1 s", elapsed: .seconds(4)))
        == ["offline: away for 1 s"])
    #expect(
      lines(Sample.progress(6, "02:47:15", .unreachable, two, pods: [crashed], "away for 2 s", elapsed: .seconds(5)))
        == [])
    let ready = Sample.with(pod) {
      $0.ready = true
      $0.restarts = 1
    }
    #expect(
      lines(Sample.progress(7, "02:47:16", .soaking, two, pods: [ready], "watching", elapsed: .milliseconds(6400)))
        == ["pod: p-1 ready after 6.4s", "soaking: watching"])
    #expect(
      lines(Sample.progress(8, "02:47:17", .soaking, two, pods: [pod], "watching", elapsed: .seconds(7)))
        == ["pod: p-1 is not ready any more"])
  }

  /// As a container that crashes goes round, frame by frame.
  @Test func `a container that crashes has a line for each restart, and for each new reason`() {
    var story = RolloutStory()
    let looks: [(String, UInt32, String, Bool)] = [
      ("Error", 0, "exits 1 at start (Error, 0 restarts)", true),
      ("starting", 1, "exits 1 at start (Error, 1 restart), and runs again but is not ready", true),
      ("Error", 1, "exits 1 at start (Error, 1 restart)", false),
      ("CrashLoopBackOff", 1, "exits 1 at start (CrashLoopBackOff, 1 restart)", true),
      ("starting", 2, "exits 1 at start (Error, 2 restarts), and runs again but is not ready", true),
      ("Error", 2, "exits 1 at start (Error, 2 restarts)", false),
      ("CrashLoopBackOff", 2, "exits 1 at start (CrashLoopBackOff, 2 restarts)", false),
      ("CrashLoopBackOff", 2, "exits 2 at start (CrashLoopBackOff, 2 restarts)", true),
      ("ImagePullBackOff", 2, "cannot pull image a:v1 for 1 s: no answer after 30s (ImagePullBackOff)", true),
      ("ErrImagePull", 2, "cannot pull image a:v1 for 1m 2 s: no answer after 30s (ErrImagePull)", true),
      ("ImagePullBackOff", 2, "cannot pull image a:v1 for 1m 12 s: no answer after 30s (ImagePullBackOff)", false),
    ]
    for (number, (state, restarts, text, isTold)) in looks.enumerated() {
      let pod = PodState(
        name: "p-1", ready: false, restarts: restarts, state: state, message: "container web in pod p-1 " + text)
      let frame = Sample.progress(
        UInt64(number) + 2, "02:47:11", .rolling, Sample.numbers(updated: 1, old: 2), pods: [pod],
        "1 of 2 replicas are updated; " + pod.message, elapsed: .seconds(1))
      let numbers = number == 0 ? ["1/2 updated, 2 old, 2 available"] : []
      #expect(story.hear(frame).map(\.text) == (isTold ? [pod.message] : []) + numbers, "\(text)")
    }
  }
}
