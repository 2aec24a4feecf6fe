import Testing

@testable import KubernetesClient

@Suite struct YAMLReaderTests {
  func read(_ text: String, _ limits: YAMLReader.Limits = .init()) throws(YAMLReader.Failure) -> YAMLNode {
    try YAMLReader.read(Array(text.utf8), limits: limits)
  }

  func text(_ node: YAMLNode?) -> String? {
    if case .scalar(let text, _)? = node?.content { text } else { nil }
  }

  @Test func readsMappingsSequencesAndScalarsOfEveryStyle() throws {
    let node = try read(
      """
      %YAML 1.1
      ---
      plain: a b # comment
      single: 'it''s'
      double: "tab\\there \\u00e9"
      literal: |
        one
        two
      folded: >-
        one
        two
      list:
      - 1
      - - nested
      flow: {a: [1, 2], "b": null}
      ? complex
      : value
      ...
      ---
      second: document
      """)
    #expect(text(node["plain"]) == "a b")
    #expect(text(node["single"]) == "it's")
    #expect(text(node["double"]) == "tab\there é")
    #expect(text(node["literal"]) == "one\ntwo\n")
    #expect(text(node["folded"]) == "one two")
    #expect(text(node["complex"]) == "value")
    #expect(node["flow"]?["b"]?.isNull == true)
    #expect(node["second"] == nil)
    guard case .sequence(let items)? = node["list"]?.content else {
      Issue.record("no list")
      return
    }
    #expect(items.count == 2)
    #expect(items[0].line == 13)
  }

  @Test func readsJSON() throws {
    let node = try read("{\n\t\"a\": {\"b\": [true, \"x\\/y\\n\", 1.5e3]},\"c\":\"\"\n}")
    guard case .sequence(let items)? = node["a"]?["b"]?.content else {
      Issue.record("no list")
      return
    }
    #expect(items[0].boolean == true)
    #expect(text(items[1]) == "x/y\n")
    #expect(text(items[2]) == "1.5e3")
    #expect(text(node["c"]) == "" && node["c"]?.isNull == false)
  }

  @Test func readsNothingAsNull() throws {
    for nothing in ["", "\n", "# only a comment\n", "---\n", "---\n...\n"] {
      #expect(try read(nothing).isNull, "\(nothing)")
    }
  }

  @Test(arguments: [("true", true), ("Yes", true), ("on", true), ("no", false), ("OFF", false), ("n", false)])
  func knowsTheSpellingsOfTruth(_ text: String, _ expected: Bool) throws {
    #expect(try read("k: \(text)")["k"]?.boolean == expected)
    #expect(try read("k: \"\(text)\"")["k"]?.boolean == nil)
  }

  @Test func takesTheLastOfTwoEqualKeys() throws {
    #expect(text(try read("a: 1\na: 2")["a"]) == "2")
  }

  @Test func unfoldsAliasesWithinTheBudget() throws {
    let node = try read("a: &x {k: v}\nb: *x\nc: [*x, *x]")
    #expect(text(node["b"]?["k"]) == "v")
    // Nine levels of ten: a thousand million nodes out of a few hundred bytes.
    var bomb = "l0: &l0 [x,x,x,x,x,x,x,x,x,x]\n"
    for level in 1..<9 {
      bomb += "l\(level): &l\(level) [" + Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ",") + "]\n"
    }
    #expect(throws: YAMLReader.Failure.self) { try read(bomb) }
  }

  @Test(arguments: [
    "a: [", "a: b: c", "a: *nowhere", "a: &a [*a]", "\"unterminated", "a:\n\t- tab", "? [1]\n: x", "<<: {a: b}",
    "a: \u{0}", "{\"a\": \"\\ud83d\\ude00\"}",
  ])
  func refuses(_ text: String) {
    #expect(throws: YAMLReader.Failure.self) { try read(text) }
  }

  @Test func tellsTheLine() throws {
    let failure = #expect(throws: YAMLReader.Failure.self) { try read("a: 1\nb: *gone\n") }
    #expect(failure?.line == 2)
  }

  @Test func keepsToItsLimits() {
    #expect(throws: YAMLReader.Failure.self) { try read("a: b", .init(bytes: 3)) }
    #expect(throws: YAMLReader.Failure.self) { try read(String(repeating: "[", count: 200)) }
    #expect(throws: YAMLReader.Failure.self) { try read("[1,2,3,4,5]", .init(nodes: 5)) }
    #expect(throws: Never.self) { try read("[1,2,3,4]", .init(nodes: 5)) }
  }

  @Test func refusesBytesThatAreNotUTF8() {
    #expect(throws: YAMLReader.Failure.self) { try YAMLReader.read([0x61, 0x3a, 0x20, 0xff, 0xc0]) }
  }
}
