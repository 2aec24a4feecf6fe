import RolloutCore
import Testing

@Suite struct ImageReferenceTests {
  private static let digest = "sha256:" + String(repeating: "1c9e", count: 16)

  @Test(
    arguments: [
      ("harbor/octave/hello:v2", "harbor/octave/hello", "v2", nil),
      ("harbor.local:5000/octave/hello", "harbor.local:5000/octave/hello", nil, nil),
      ("hello:v2@" + digest, "hello", "v2", digest),
      ("localhost/a/b@" + digest, "localhost/a/b", nil, digest),
      ("Harbor.Example/a__b/c-d.e:V2_x", "Harbor.Example/a__b/c-d.e", "V2_x", nil),
      ("[::1]:5000/a:b", "[::1]:5000/a", "b", nil),
    ] as [(String, String, String?, String?)])
  func readsAndWritesReferences(text: String, repository: String, tag: String?, digest: String?) {
    let reference = ImageReference(text)
    #expect(reference == ImageReference(repository: repository, tag: tag, digest: digest))
    #expect(reference?.description == text)
  }

  @Test(arguments: [
    "", ":building", "hello:", "hello@", "hello:v 2", "Hello/x:v2", "hello//x", "/hello", "hello/",
    "hello:v2@sha256:12",
    "hello:-v2", "hello:v2@sha256", "a b", "hello\n:v2", "hello@\(digest)@\(digest)", "-hello",
  ])
  func refusesWhatIsNone(text: String) {
    #expect(ImageReference(text) == nil)
  }

  @Test func pinningKeepsTheTagForPeople() throws {
    let reference = try #require(ImageReference("harbor/octave/hello:v2"))
    #expect(reference.pinned(to: Self.digest).description == "harbor/octave/hello:v2@" + Self.digest)
  }

  @Test(arguments: [
    ("a:v1", "a:v1", true), ("a:v1", "a:v2", false), ("a", "a:latest", true), ("a:v1", "b:v1", false),
    ("a:v1@" + digest, "a:v1", true), ("a:v1@" + digest, "a:v2@" + digest, true), ("a:v1@" + digest, "a:v2", false),
  ])
  func digestsDecideAndTagsWhereOneIsUnknown(left: String, right: String, same: Bool) throws {
    #expect(try #require(ImageReference(left)).isSameImage(as: #require(ImageReference(right))) == same)
  }
}
