import HTTPClient
import Testing

@testable import RegistryClient

@Suite struct RegistryMapTests {
  private func map(_ pairs: String...) throws -> RegistryMap { try RegistryMap(parsing: pairs) }

  @Test(arguments: [
    ("harbor/octave/hello", "https://harbor.example", "octave/hello"),
    ("harbor/octave/deep/er", "https://harbor.example", "octave/deep/er"),
    ("harbor/mirror/library/nginx", "http://127.0.0.1:5000", "library/nginx"),
    ("registry.example:5000/a/b", "https://registry.example:5000", "team/a/b"),
  ])
  func `the longest prefix decides where a repository is`(repository: String, registry: String, name: String) throws {
    let map = try map(
      "harbor/=https://harbor.example", "harbor/mirror=http://127.0.0.1:5000",
      "registry.example:5000/=https://registry.example:5000/team/")
    let place = map.location(of: repository)
    let expected = try HTTPURL(parsing: registry)
    #expect(place?.registry == expected)
    #expect(place?.name == name)
  }

  /// An address that stands in a reference is not connected to by that alone.
  @Test(arguments: ["harborage/octave/hello", "harbor", "harbor/", "hello", "evil.example/octave/hello"])
  func `what no prefix covers is asked nowhere`(repository: String) throws {
    #expect(try map("harbor/=https://harbor.example").location(of: repository) == nil)
  }

  @Test func `the manifest's address holds name and digest as they are`() throws {
    let place = try #require(try map("harbor/=https://harbor.example").location(of: "harbor/octave/hello"))
    #expect(
      place.manifest("sha256:abc").description == "https://harbor.example/v2/octave/hello/manifests/sha256:abc")
    #expect(place.pullScope == "repository:octave/hello:pull")
  }

  @Test(arguments: [
    (["harbor"], "\"harbor\" is none"), (["=https://h"], "is none"), (["harbor/=harbor.example"], "has no scheme"),
    (["harbor/=ftp://h"], "neither http nor https"), (["harbor/=https://u:p@h"], "user information"),
    (["harbor/=https://h?x=1"], "has a query"), (["h/=https://a", "h=https://b"], "h/ stands there twice"),
  ])
  func `a pair that makes no sense is named`(pairs: [String], sentence: String) {
    let error = #expect(throws: RegistryMapError.self) { try RegistryMap(parsing: pairs) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: ["robot:s3cret@harbor.example", "harbor/=robot:s3cret@harbor.example"])
  func `a login in a pair is not repeated`(pair: String) {
    let error = #expect(throws: RegistryMapError.self) { try RegistryMap(parsing: [pair]) }
    #expect(error?.description.contains("@harbor.example") == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("s3cret") == false)
  }
}
