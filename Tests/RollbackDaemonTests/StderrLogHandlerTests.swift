import Foundation
import Logging
import Testing

@testable import RollbackDaemon

@Suite(.timeLimit(.minutes(1))) struct StderrLogHandlerTests {
  private func logger(
    on pipe: Pipe, capacity: Int = 1 << 20, format: LogFormat = .text, hasLevelPrefix: Bool = false
  ) -> (Logger, LogWriter) {
    let writer = StderrLogHandler.writer(
      descriptor: pipe.fileHandleForWriting.fileDescriptor, capacity: capacity, label: "test", format: format,
      hasLevelPrefix: hasLevelPrefix)
    let log = Logger(label: "test") { label in
      StderrLogHandler(
        label: label, level: .info, format: format, hasLevelPrefix: hasLevelPrefix, writer: writer)
    }
    return (log, writer)
  }

  private func read(_ pipe: Pipe) throws -> [String] {
    try pipe.fileHandleForWriting.close()
    return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      .split(separator: "\n").map(String.init)
  }

  @Test func `what was logged is written at the end, in order and with its level`() throws {
    let pipe = Pipe()
    let (log, writer) = logger(on: pipe, hasLevelPrefix: true)
    log.notice("before the start", metadata: ["n": "0"])
    writer.start()
    for number in 1...300 { log.info("line", metadata: ["n": "\(number)"]) }
    log.debug("not of a level that is shown")
    writer.finish(within: .seconds(30))
    let lines = try read(pipe)
    #expect(lines.first == "<5>notice test: before the start n=0")
    #expect(Array(lines.dropFirst()) == (1...300).map { "<6>info test: line n=\($0)" })
  }

  @Test func `nobody who logs waits for a reader, and what is lost is counted and told`() throws {
    let pipe = Pipe()
    let (log, writer) = logger(on: pipe, capacity: 10_000)
    writer.start()
    // Far more than a pipe holds.
    let text = String(repeating: "x", count: 1000)
    for _ in 0..<1000 { log.info("\(text)") }
    // The reader is back, and hears of every line: by itself, or as one of those that were lost.
    var bytes = Data()
    func lines() -> [String] { String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init) }
    func lost() -> Int {
      let beginning = "error test: lines of the log were lost, because nobody took them lines="
      return lines().compactMap { $0.hasPrefix(beginning) ? Int($0.dropFirst(beginning.count)) : nil }.reduce(0, +)
    }
    func whole() -> Int { lines().count { $0 == "info test: \(text)" } }
    while bytes.last != UInt8(ascii: "\n") || whole() + lost() < 1000 {
      bytes += pipe.fileHandleForReading.availableData
    }
    #expect(whole() > 10 && lost() > 10 && whole() + lost() == 1000)
    log.info("later")
    writer.finish(within: .seconds(30))
    #expect(try read(pipe) == ["info test: later"])
  }

  @Test func `the end does not wait for a reader that never comes`() throws {
    let pipe = Pipe()
    let (log, writer) = logger(on: pipe)
    writer.start()
    for _ in 0..<200 { log.info("\(String(repeating: "x", count: 1000))") }
    let before = ContinuousClock.now
    writer.finish(within: .milliseconds(50))
    #expect(ContinuousClock.now - before >= .milliseconds(50))
    // Lets the thread end.
    #expect(try pipe.fileHandleForReading.read(upToCount: 64) != nil)
    _ = try read(pipe)
  }
}
