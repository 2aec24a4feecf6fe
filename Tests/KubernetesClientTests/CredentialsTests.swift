import Foundation
import Glibc
import HTTPClient
import KubernetesObjects
import RollbackTestKit
import Testing

@testable import KubernetesClient

@Suite struct CredentialCacheTests {
  let old = Credentials(tls: TLSConfiguration(), bearerToken: "old")
  let new = Credentials(tls: TLSConfiguration(), bearerToken: "new")

  @Test func servesUntilTheLifetimeIsOver() {
    var cache = CredentialCache()
    #expect(cache.current(at: .zero) == nil)
    cache.store(old, for: .seconds(50), at: .seconds(10))
    #expect(cache.current(at: .milliseconds(59_999)) == old)
    #expect(cache.current(at: .seconds(60)) == nil)
    #expect(cache.fallback == old)
    cache.extend(for: .seconds(50), at: .seconds(60))
    #expect(cache.current(at: .seconds(61)) == old)
  }

  @Test func withoutALifetimeItServesForEver() {
    var cache = CredentialCache()
    cache.store(old, for: nil, at: .zero)
    #expect(cache.current(at: .seconds(1_000_000)) == old)
  }

  @Test func whatTheServerRejectedIsNeitherServedNorFallenBackTo() {
    var cache = CredentialCache()
    cache.store(old, for: nil, at: .zero)
    let wasInUse = cache.reject(old)
    #expect(wasInUse)
    #expect(cache.current(at: .zero) == nil)
    #expect(cache.fallback == nil)
    cache.store(new, for: nil, at: .zero)
    // A late answer to a request that was sent with the old one.
    let isInUse = cache.reject(old)
    #expect(!isInUse)
    #expect(cache.current(at: .zero) == new)
  }
}

@Suite struct ExecCredentialTests {
  func parse(_ text: String, _ version: ExecPlugin.APIVersion = .v1) throws(KubernetesError) -> ExecCredential {
    try ExecCredential(parsing: Array(text.utf8), version: version, command: "p")
  }

  func document(_ status: String, version: String = "client.authentication.k8s.io/v1") -> String {
    #"{"kind":"ExecCredential","apiVersion":"\#(version)","status":\#(status)}"#
  }

  @Test func readsTokenCertificateAndExpiry() throws {
    #expect(
      try parse(
        document(
          #"{"token":"t","clientCertificateData":"C","clientKeyData":"K","expirationTimestamp":"2026-11-24T10:00:00Z"}"#
        ))
        == ExecCredential(
          token: "t", identity: .init(certificatePEM: [67], privateKeyPEM: [75]),
          expiration: Timestamp(rfc3339: "2026-11-24T10:00:00Z")))
    #expect(
      try parse(document(#"{"token":"t"}"#, version: "client.authentication.k8s.io/v1beta1"), .v1beta1)
        == ExecCredential(token: "t"))
  }

  @Test(arguments: [
    ("", "did not print"), ("token", "did not print"), (#"{"kind":"Pod"}"#, "another kind"),
    (#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}"#, "no status"),
    (
      #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"t"}}"#,
      "version"
    ),
    (#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}"#, "neither"),
    (
      #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"clientKeyData":"SECRET"}}"#,
      "only one"
    ),
  ])
  func refusesWithoutRepeatingWhatWasPrinted(_ text: String, _ words: String) {
    let error = #expect(throws: KubernetesError.self) { try parse(text) }
    #expect(error?.message.contains(words) == true)
    #expect(error?.description.contains("SECRET") == false)
  }

  @Test func describesTheClusterOnlyWhereItIsAskedTo() throws {
    var access = ClusterAccess(
      server: HTTPURL(scheme: .https, host: "h"), tlsServerName: "n", proxy: .url("http://p"), disablesCompression: true
    )
    var plugin = ExecPlugin(command: "p")
    #expect(
      try ExecInfo(plugin: plugin, access: access, authorities: [1]).encoded()
        == #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":false}}"#)
    plugin.providesClusterInfo = true
    #expect(
      try ExecInfo(plugin: plugin, access: access, authorities: Array("CA".utf8)).encoded()
        == #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"cluster":{"#
        + #""certificate-authority-data":"Q0E=","disable-compression":true,"proxy-url":"http://p","server":"https://h/","#
        + #""tls-server-name":"n"},"interactive":false}}"#)
    access.trust = .anyone
    #expect(
      try ExecInfo(plugin: plugin, access: access, authorities: nil).encoded().contains(
        #""insecure-skip-tls-verify":true"#))
  }
}

@Suite(.timeLimit(.minutes(1)))
struct ExecPluginRunnerTests {
  let access = ClusterAccess(server: HTTPURL(scheme: .https, host: "h"))

  func run(
    _ script: String, deadline: Duration = .seconds(30), environment: [String: String] = [:]
  ) async throws(KubernetesError) -> ExecCredential {
    let plugin = ExecPlugin(command: "sh", arguments: ["-c", script], environment: environment)
    return try await ExecPluginRunner(plugin: plugin, access: access, deadline: deadline).run(authorities: nil)
  }

  @Test func asksInTheEnvironmentAndReadsTheAnswer() async throws {
    let script = #"""
      case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 9;; esac
      read line && exit 8
      echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$REGION'"}}'
      """#
    #expect(try await run(script, environment: ["REGION": "eu"]).token == "eu")
  }

  @Test(arguments: [
    ("exit 3", "ended with status 3"), ("kill -9 $$", "signal 9"), ("cat /dev/zero", "more than 1048576 bytes"),
    ("echo SECRET", "did not print"),
  ])
  func saysHowItFailed(_ script: String, _ words: String) async {
    let error = await #expect(throws: KubernetesError.self) { try await run(script) }
    #expect(error?.code == .credentials)
    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
    #expect(error?.description.contains("SECRET") == false)
  }

  @Test func aMissingCommandComesWithItsHint() async {
    let plugin = ExecPlugin(command: "no-such-plugin", installHint: "get it from there")
    let error = await #expect(throws: KubernetesError.self) {
      try await ExecPluginRunner(plugin: plugin, access: access).run(authorities: nil)
    }
    #expect(error?.message.contains("No such file") == true)
    #expect(error?.message.hasSuffix("get it from there") == true)
  }

  @Test func aHangingPluginIsKilledWithItsChildren() async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "exec-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    // Both ends of a pipe with a name; the writing one is the grandchild's alone.
    let pipe = directory.appending(path: "pipe").path
    #expect(mkfifo(pipe, 0o600) == 0)
    let reader = open(pipe, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    let error = await #expect(throws: KubernetesError.self) {
      try await run("{ echo x; exec sleep 1000; } > \(pipe) & wait", deadline: .seconds(2))
    }
    #expect(error?.message.contains("took longer") == true)
    // Killed with the group, and nobody here waits for its end: the signal takes a moment to arrive (kill(2)). The pipe
    // ends with whoever writes to it.
    var said = [UInt8](repeating: 0, count: 16)
    var isGone = false
    while !isGone {
      var waited = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
      try #require(poll(&waited, 1, 10_000) == 1)
      isGone = read(reader, &said, said.count) == 0
    }
    #expect(isGone)
  }

  @Test func cancellingKillsIt() async {
    let task = Task { () -> KubernetesError? in
      do throws(KubernetesError) {
        _ = try await run("sleep 1000")
        return nil
      } catch {
        return error
      }
    }
    task.cancel()
    let error = await task.value
    #expect(error?.message.contains("given up") == true)
    #expect(error?.code == .cancelled)
  }
}

/// Credentials of a plugin beside an authority in a file, which is read again every 50 s.
@Suite(.timeLimit(.minutes(1)))
struct AuthenticatorTests {
  private let clock = ManualClock()
  private let directory: URL

  init() throws {
    directory = FileManager.default.temporaryDirectory.appending(path: "exec-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try Data("one".utf8).write(to: directory.appending(path: "ca"))
  }

  /// - Parameter script: prints the answer's status; it runs in the test's directory.
  private func authenticator(_ script: String) -> Authenticator {
    var access = ClusterAccess(server: HTTPURL(scheme: .https, host: "h"))
    access.trust = .authorities(.file(directory.appending(path: "ca").path))
    let answer = #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":"#
    access.user.exec = ExecPlugin(
      command: "sh", arguments: ["-c", "cd '\(directory.path)'; printf '%s' '\(answer)'; \(script); echo '}'"])
    let clock = clock
    let start = Timestamp(seconds: 1_000_000_000, nanoseconds: 0)
    return Authenticator(
      access: access,
      time: KubernetesTime(
        clock: clock,
        wallClock: { Timestamp(seconds: start.seconds + clock.now.offset.components.seconds, nanoseconds: 0) }))
  }

  private func runs() throws -> Int {
    try String(contentsOf: directory.appending(path: "runs"), encoding: .utf8).count
  }

  @Test func aPluginIsRunWhenItsAnswerExpiresAndNotWithEachReadingOfTheFiles() async throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    // Good for 200 s: 2001-09-09T01:46:40Z is where the wall clock begins.
    let authenticator = authenticator(
      #"printf x >> runs; printf '{"token":"t%s","expirationTimestamp":"%s"}' "$(wc -c < runs)" 2001-09-09T01:50:00Z"#)
    let first = try await authenticator.credentials()
    #expect(first.bearerToken?.hasSuffix("1") == true)
    try Data("two".utf8).write(to: directory.appending(path: "ca"))
    clock.advance(by: .seconds(51))
    let second = try await authenticator.credentials()
    #expect(second.tls.trust == .authorities(pem: Array("two".utf8)))
    #expect(second.bearerToken == first.bearerToken)
    #expect(try runs() == 1)
    // Ten seconds early, whatever of the files' 50 s is left.
    clock.advance(by: .seconds(139))
    _ = try await authenticator.credentials()
    #expect(try runs() == 2)
  }

  @Test func aPluginIsRunAgainWhenTheServerRejectsWhatItGave() async throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    let authenticator = authenticator(#"printf x >> runs; printf '{"token":"t"}'"#)
    let first = try await authenticator.credentials()
    clock.advance(by: .seconds(1000))
    _ = try await authenticator.credentials()
    #expect(try runs() == 1)
    #expect(authenticator.rejected(first))
    _ = try await authenticator.credentials()
    #expect(try runs() == 2)
  }

  @Test func aCallerThatIsCancelledIsToldSoAndTheOldCredentialsAreUsedNoLongerForIt() async throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    let authenticator = authenticator(
      #"""
      printf x >> runs
      if [ "$(wc -c < runs)" -eq 2 ]; then sleep 1000; fi
      printf '{"token":"t%s","expirationTimestamp":"2001-09-09T01:50:00Z"}' "$(wc -c < runs)"
      """#)
    let first = try await authenticator.credentials()
    clock.advance(by: .seconds(190))
    let cancelled = Task { try await authenticator.credentials() }
    cancelled.cancel()
    let error = await #expect(throws: KubernetesError.self) { try await cancelled.value }
    #expect(error?.code == .cancelled)
    // The second run may or may not have come to count itself.
    try Data("xx".utf8).write(to: directory.appending(path: "runs"))
    let next = try await authenticator.credentials()
    #expect(next.bearerToken != first.bearerToken)
  }
}
