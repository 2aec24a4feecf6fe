import Testing

@testable import DevCluster

/// Patches as pure functions of an object.
@Suite struct PatchTests {
  static func json(_ text: String) throws -> JSON { try JSON.parse(text: text) }

  private static let object = """
    {"spec":{"replicas":2,"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1,"maxUnavailable":0}},
     "template":{"spec":{"containers":[
      {"name":"a","image":"a:1","env":[{"name":"X","value":"1"},{"name":"Y","value":"2"}]},
      {"name":"b","image":"b:1"}]}}},
     "metadata":{"labels":{"k":"v"},"finalizers":["one"]}}
    """

  @Test(arguments: [
    // A container is found by its name.
    (
      #"{"spec":{"template":{"spec":{"containers":[{"name":"b","image":"b:2"}]}}}}"#,
      "/spec/template/spec/containers/1",
      #"{"name":"b","image":"b:2"}"#
    ),
    // One with an unknown name is added, and comes first.
    (
      #"{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"c:1"}]}}}}"#,
      "/spec/template/spec/containers/0", #"{"name":"c","image":"c:1"}"#
    ),
    (
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}}}"#,
      "/spec/template/spec/containers", #"[{"name":"b","image":"b:1"}]"#
    ),
    (
      #"{"spec":{"template":{"spec":{"containers":[{"$patch":"replace"},{"name":"z","image":"z:1"}]}}}}"#,
      "/spec/template/spec/containers", #"[{"name":"z","image":"z:1"}]"#
    ),
    // The order that is asked for.
    (
      #"{"spec":{"template":{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"#
        + #""containers":[{"name":"a","env":null}]}}}}"#,
      "/spec/template/spec/containers", #"[{"name":"b","image":"b:1"},{"name":"a","image":"a:1"}]"#
    ),
    // Variables within a container.
    (
      #"{"spec":{"template":{"spec":{"containers":[{"name":"a","env":[{"name":"Y","$patch":"delete"},"#
        + #"{"name":"X","value":"9"}]}]}}}}"#,
      "/spec/template/spec/containers/0/env", #"[{"name":"X","value":"9"}]"#
    ),
    // Only the keys that are retained stay.
    (
      #"{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}"#, "/spec/strategy", #"{"type":"Recreate"}"#
    ),
    (#"{"spec":{"strategy":{"$patch":"replace","type":"Recreate"}}}"#, "/spec/strategy", #"{"type":"Recreate"}"#),
    (#"{"spec":{"strategy":{"rollingUpdate":null}}}"#, "/spec/strategy", #"{"type":"RollingUpdate"}"#),
    (#"{"metadata":{"labels":{"k":null,"n":"m"}}}"#, "/metadata/labels", #"{"n":"m"}"#),
    // Sets are united, and parts of them taken out by name.
    (#"{"metadata":{"finalizers":["two"]}}"#, "/metadata/finalizers", #"["two","one"]"#),
    (
      #"{"metadata":{"$deleteFromPrimitiveList/finalizers":["one"]}}"#, "/metadata/finalizers", "[]"
    ),
  ])
  func strategicMerge(patch: String, path: String, expected: String) throws {
    let result = try StrategicMergePatch(schema: .shared)
      .apply(Self.json(patch), to: Self.json(Self.object), kind: "Deployment")
    let test: JSON = [["op": "test", "path": .string(path), "value": try Self.json(expected)]]
    #expect(throws: Never.self, "\(result.text)") { try JSONPatch(test).apply(to: result) }
  }

  @Test func aListElementWithoutItsKeyIsRefused() throws {
    let patch = try Self.json(#"{"spec":{"template":{"spec":{"containers":[{"image":"x"}]}}}}"#)
    #expect(throws: APIStatus.self) {
      try StrategicMergePatch(schema: .shared).apply(patch, to: Self.json(Self.object), kind: "Deployment")
    }
  }

  @Test(arguments: [
    (#"[{"op":"add","path":"/a/-","value":3}]"#, #"{"a":[1,2,3],"b":{"c":"d"}}"#),
    (#"[{"op":"add","path":"/a/0","value":0}]"#, #"{"a":[0,1,2],"b":{"c":"d"}}"#),
    (#"[{"op":"remove","path":"/b/c"}]"#, #"{"a":[1,2],"b":{}}"#),
    (#"[{"op":"replace","path":"/b","value":null}]"#, #"{"a":[1,2],"b":null}"#),
    (#"[{"op":"move","from":"/b/c","path":"/e~1f"}]"#, #"{"a":[1,2],"b":{},"e/f":"d"}"#),
    (#"[{"op":"copy","from":"/a/1","path":"/a/0"}]"#, #"{"a":[2,1,2],"b":{"c":"d"}}"#),
    (#"[{"op":"test","path":"/b/c","value":"d"},{"op":"remove","path":"/a"}]"#, #"{"b":{"c":"d"}}"#),
  ])
  func jsonPatch(patch: String, expected: String) throws {
    let document = try Self.json(#"{"a":[1,2],"b":{"c":"d"}}"#)
    #expect(try JSONPatch(Self.json(patch)).apply(to: document) == Self.json(expected))
  }

  @Test(arguments: [
    #"[{"op":"test","path":"/a","value":1}]"#, #"[{"op":"remove","path":"/x"}]"#,
    #"[{"op":"replace","path":"/a/7","value":1}]"#, #"[{"op":"add","path":"/x/y","value":1}]"#,
    #"[{"op":"add","path":"a","value":1}]"#, #"[{"op":"twist","path":"/a"}]"#,
  ])
  func jsonPatchThatDoesNotFit(patch: String) throws {
    #expect(throws: APIStatus.rejectedPatch) { try JSONPatch(Self.json(patch)).apply(to: Self.json(#"{"a":[1]}"#)) }
  }

  @Test func mergePatchReplacesLists() throws {
    let patch = try Self.json(#"{"a":[9],"b":{"c":null},"n":{"x":null,"y":1}}"#)
    let result = MergePatch.apply(patch, to: try Self.json(#"{"a":[1,2],"b":{"c":1,"d":2}}"#))
    #expect(try result == Self.json(#"{"a":[9],"b":{"d":2},"n":{"y":1}}"#))
  }

  @Test func fieldSetsSurviveTheirEncoding() throws {
    let object = try Self.json(Self.object)
    let set = Schema.shared.fields(in: object, Schema.shared.root("Deployment"))
    #expect(FieldSet(fieldsV1: set.fieldsV1) == set)
    #expect(set.paths.contains(#".spec.template.spec.containers[name="a"].env[name="X"].value"#))
    #expect(set.subtracting(set).isEmpty)
    #expect(set.intersection(set) == set)
  }

  @Test(arguments: [
    "", "{", "[1,", #"{"a" 1}"#, "nul", "1 2", #""\x""#, "[1]]", #"{"a":1,}"#,
  ])
  func malformedJSONIsRefused(text: String) {
    #expect(throws: JSONParsingError.self) { try JSON.parse(text: text) }
  }

  @Test func jsonSurvivesItsEncoding() throws {
    let text = #"{"a":"\u00e4\ud83d\ude00\n\"\\","b":[1,-2.5,true,false,null,{}],"c":{}}"#
    let value = try JSON.parse(text: text)
    #expect(value["a"].string == "ä😀\n\"\\")
    #expect(try JSON.parse(value.encoded) == value)
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_471_281, "2026-11-23T22:01:21Z"),
    (4_102_444_799, "2099-12-31T23:59:59Z"),
  ])
  func timestamps(seconds: Int64, text: String) {
    let moment = Timestamp(microseconds: seconds * 1_000_000 + 123_456)
    #expect(moment.seconds == text)
    #expect(Timestamp(text)?.microseconds == seconds * 1_000_000)
    #expect(Timestamp(moment.micro) == moment)
  }
}
