import Testing

@testable import KubernetesClient

@Suite struct LineSplitterTests {
  @Test func givesTheSameLinesWhereverTheBytesAreCut() throws {
    let bytes = Array("one\n\ntwo\r\nthree\nrest".utf8)
    let expected = ["one", "two\r", "three"].map { Array($0.utf8) }
    for first in 0...bytes.count {
      for second in first...bytes.count {
        var splitter = LineSplitter(maximumLength: 100)
        var lines: [[UInt8]] = []
        for part in [bytes[..<first], bytes[first..<second], bytes[second...]] {
          lines += try splitter.split(Array(part))
        }
        #expect(lines == expected)
        #expect(splitter.holdsUnfinishedLine)
      }
    }
  }

  @Test func splitsARecordedWatchAtEveryByte() throws {
    let bytes = try Recorded.watch("q-bookmarks", "deployments")
    let expected = try Recorded.lines("q-bookmarks", "deployments").map { Array($0.utf8) }
    var single = LineSplitter(maximumLength: 1 << 20)
    #expect(try bytes.flatMap { try single.split([$0]) } == expected)
    #expect(!single.holdsUnfinishedLine)
    for cut in bytes.indices {
      var splitter = LineSplitter(maximumLength: 1 << 20)
      let lines = try splitter.split(Array(bytes[..<cut])) + splitter.split(Array(bytes[cut...]))
      try #require(lines == expected, "cut at \(cut)")
    }
  }

  @Test func refusesALineThatIsTooLongBeforeItsEnd() throws {
    var splitter = LineSplitter(maximumLength: 4)
    #expect(try splitter.split(Array("abcd\n".utf8)).count == 1)
    #expect(throws: LineSplitter.TooLong.self) { try splitter.split(Array("abcde".utf8)) }
    var other = LineSplitter(maximumLength: 4)
    #expect(throws: LineSplitter.TooLong.self) { try other.split(Array("abcde\n".utf8)) }
  }
}
