import FoundationEssentials
import HTTPClient
import RegistryClient
import Testing

@testable import RollbackDaemon

@Suite struct RegistrySettingsTests {
  private static let auth = #"{"auths":{"harbor.example":{"username":"robot$x","password":"s3cret"}}}"#

  private func read(
    _ arguments: [String], environment: [String: String] = [:], credentials: [String: String] = [:]
  ) throws -> RegistryClientConfiguration? {
    try RegistrySettings.read(
      SettingValues(arguments: arguments, environment: environment, credentials: credentials))
  }

  @Test func `without a map no registry is asked`() throws {
    #expect(try read([]) == nil)
  }

  @Test func `a credential is the contents of the file`() throws {
    let settings = try #require(
      try read(["--registry-map", "harbor/=https://harbor.example"], credentials: ["registry-auth": Self.auth]))
    let login = settings.credentials[HTTPURL(scheme: .https, host: "harbor.example")]
    #expect(login == .init(name: "robot$x", password: "s3cret"))
    #expect(settings.timeout == .seconds(3))
    #expect(settings.trust == .system)
  }

  @Test func `otherwise it is the file's path`() throws {
    let path = "/tmp/registry-auth-\(UUID().uuidString)"
    try Data(Self.auth.utf8).write(to: URL(filePath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let settings = try #require(
      try read(["--registry-map=harbor/=https://harbor.example,h2=https://other.example", "--registry-auth", path]))
    #expect(settings.credentials[HTTPURL(scheme: .https, host: "harbor.example")]?.name == "robot$x")
    #expect(settings.map.registries.map(\.host) == ["harbor.example", "other.example"])
  }

  @Test(arguments: [
    (["--registry-auth", auth], "--registry-auth: the command line is no place for a secret"),
    (
      ["--registry-map", "harbor/=http://harbor.example"],
      "--registry-map: \"harbor/=http://harbor.example\": harbor.example has credentials, which would travel"
    ),
  ])
  func `a secret is neither shown nor sent in the clear`(arguments: [String], sentence: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try read(arguments, credentials: ["registry-auth": Self.auth])
    }
    #expect(error?.description.hasPrefix(sentence) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("s3cret") == false)
  }

  @Test func `a login in the map is not repeated`() {
    let error = #expect(throws: ConfigurationError.self) {
      try read(["--registry-map", "harbor/=robot:s3cret@harbor.example"])
    }
    #expect(error?.description.contains("s3cret") == false)
    #expect(error?.description.contains("@harbor.example") == true, "\(error?.description ?? "")")
  }

  @Test func `a malformed credential is named without being quoted`() {
    let error = #expect(throws: ConfigurationError.self) {
      try read([], credentials: ["registry-auth": #"{"auths":{"h":{"auth":"s3cret"}}}"#])
    }
    #expect(error?.description == "credential registry-auth: the auth of h is not NAME:PASSWORD in base64")
  }

  /// For trying out on one machine.
  @Test func `on loopback credentials may go without TLS`() throws {
    let auth = #"{"auths":{"127.0.0.1:5000":{"username":"u","password":"p"}}}"#
    let settings = try read(
      ["--registry-map", "harbor/=http://127.0.0.1:5000"], credentials: ["registry-auth": auth])
    #expect(settings?.credentials[HTTPURL(scheme: .http, host: "127.0.0.1", port: 5000)]?.name == "u")
  }
}
