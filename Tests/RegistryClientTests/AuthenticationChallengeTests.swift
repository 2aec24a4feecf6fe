import Testing

@testable import RegistryClient

@Suite struct AuthenticationChallengeTests {
  typealias Challenge = AuthenticationChallenge

  @Test(
    arguments: [
      (
        [#"Bearer realm="https://harbor.example/service/token",service="harbor-registry",scope="repository:o/h:pull""#],
        [
          Challenge(
            scheme: "bearer",
            parameters: [
              "realm": "https://harbor.example/service/token", "service": "harbor-registry",
              "scope": "repository:o/h:pull",
            ])
        ]
      ),
      ([#"Basic realm="harbor""#], [Challenge(scheme: "basic", parameters: ["realm": "harbor"])]),
      (
        [#"bearer  Realm = "x" , error=insufficient_scope"#],
        [Challenge(scheme: "bearer", parameters: ["realm": "x", "error": "insufficient_scope"])]
      ),
      (
        [#"Basic realm="a, b", Bearer realm="c",scope="r:a:pull,push""#],
        [
          Challenge(scheme: "basic", parameters: ["realm": "a, b"]),
          Challenge(scheme: "bearer", parameters: ["realm": "c", "scope": "r:a:pull,push"]),
        ]
      ),
      (
        ["Negotiate", #"Basic realm="q\"uote""#],
        [
          Challenge(scheme: "negotiate", parameters: [:]),
          Challenge(scheme: "basic", parameters: ["realm": #"q"uote"#]),
        ]
      ),
      (
        [#"Bearer realm="first",realm="second""#], [Challenge(scheme: "bearer", parameters: ["realm": "first"])]
      ),
      ([""], []), ([",,"], []), (["realm=\"x\""], []), (["\"\""], []),
      ([#"Basic realm="unended"#], [Challenge(scheme: "basic", parameters: ["realm": "unended"])]),
    ] as [([String], [Challenge])])
  func `challenges are read by RFC 9110`(values: [String], expected: [Challenge]) {
    #expect(Challenge.parse(values) == expected)
  }
}
