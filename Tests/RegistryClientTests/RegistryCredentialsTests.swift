import Foundation
import HTTPClient
import Testing

@testable import RegistryClient

@Suite struct RegistryCredentialsTests {
  private func read(_ text: String) throws(RegistryCredentialsError) -> RegistryCredentials {
    try RegistryCredentials(dockerConfiguration: Array(text.utf8))
  }

  private func login(_ credentials: RegistryCredentials, at address: String) throws -> RegistryCredentials.Login? {
    credentials[try HTTPURL(parsing: address)]
  }

  @Test func `a robot's name may hold a dollar and a plus`() throws {
    let auth = Data("robot$octave+rollbackd:s3:cr3t".utf8).base64EncodedString()
    let credentials = try read(#"{"auths":{"harbor.example":{"auth":"\#(auth)"}},"credsStore":"x"}"#)
    let login = try #require(try login(credentials, at: "https://harbor.example"))
    #expect(login.name == "robot$octave+rollbackd")
    #expect(login.password == "s3:cr3t")
    #expect(login.basic == "Basic " + auth)
    #expect("\(login)" == "robot$octave+rollbackd")
  }

  @Test(arguments: [
    ("https://Harbor.example/v1/", "https://harbor.example", true),
    ("harbor.example:443", "https://harbor.example", true), ("harbor.example", "https://harbor.example:443", true),
    ("harbor.example", "https://harbor.example:8443", false), ("harbor.example", "https://other.example", false),
    ("127.0.0.1:5000", "http://127.0.0.1:5000", true),
  ])
  func `an entry is for its host and port`(key: String, address: String, isFound: Bool) throws {
    let credentials = try read(#"{"auths":{"\#(key)":{"username":"u","password":"p"}}}"#)
    let found = try login(credentials, at: address)
    #expect((found != nil) == isFound)
  }

  @Test(arguments: [
    ("", "expected JSON"), ("[]", "expected JSON"), (#"{"auths":{"h":{}}}"#, "entry for h has neither auth"),
    (#"{"auths":{"h":{"identitytoken":"t0k"}}}"#, "identity token"),
    (#"{"auths":{"h":{"auth":"c2VjcmV0"}}}"#, "not NAME:PASSWORD"), (#"{"auths":{"h":{"auth":"§"}}}"#, "not NAME"),
    (#"{"auths":{"":{"auth":"x"}}}"#, "names no registry"),
  ])
  func `a file that will not do is explained without quoting it`(text: String, sentence: String) {
    do {
      _ = try read(text)
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains(sentence), "\(error.description)")
      #expect(!error.description.contains("c2VjcmV0") && !error.description.contains("t0k"))
    }
  }
}
