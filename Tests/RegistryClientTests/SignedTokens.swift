import Foundation
import RollbackTestKit

/// Tokens for a registry, signed by openssl with a key of this run (distribution's "Token Authentication
/// Implementation": RS256, the certificate in the header's `x5c`).
struct SignedTokens: Sendable {
  /// The path of the certificate that the registry is to trust.
  let certificate: String
  /// May pull `octave/hello`.
  let pull: String
  /// May push it too.
  let push: String
  /// May do nothing.
  let nothing: String
  private let folder: TemporaryFolder

  init(service: String, issuer: String) async throws {
    folder = try TemporaryFolder("tokens")
    certificate = folder.url.path + "/token.pem"
    try await Shell.run(
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tokens -keyout token.key -out token.pem",
      in: folder.url)
    let claims = #""iss":"\#(issuer)","sub":"robot","aud":"\#(service)""#
    pull = try await Self.sign(claims, allowing: #""pull""#, in: folder.url)
    push = try await Self.sign(claims, allowing: #""pull","push""#, in: folder.url)
    nothing = try await Self.sign(claims, allowing: nil, in: folder.url)
  }

  private static func sign(_ claims: String, allowing actions: String?, in folder: URL) async throws -> String {
    let access = actions.map { #"{"type":"repository","name":"octave/hello","actions":[\#($0)]}"# } ?? ""
    let now = Int(Date().timeIntervalSince1970)
    let body =
      #"{\#(claims),"exp":\#(now + 3600),"nbf":\#(now - 60),"iat":\#(now - 60),"jti":"\#(UUID().uuidString)","#
      + #""access":[\#(access)]}"#
    try Data(body.utf8).write(to: folder.appending(path: "claims"))
    let bytes = try await Shell.run(
      #"""
      url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
      der=$(openssl x509 -in token.pem -outform DER | openssl base64 -A)
      head=$(printf '{"typ":"JWT","alg":"RS256","x5c":["%s"]}' "$der" | url)
      body=$(url < claims)
      printf '%s.%s.' "$head" "$body"
      printf '%s.%s' "$head" "$body" | openssl dgst -sha256 -sign token.key -binary | url
      """#, in: folder)
    return String(decoding: bytes, as: UTF8.self)
  }
}
