internal import Foundation

/// A private OCI registry, for tests and for trying out: the Debian package `docker-registry` (OCI Distribution, which
/// is also Harbor's core), on loopback, with its images in memory.
///
/// It is stopped when the last reference goes, and also when this process dies, however it dies.
public final class ThrowawayRegistry: Sendable {
  /// Who may come in.
  public enum Access: Sendable {
    case everybody
    /// By name and password: the lines of a password file with bcrypt hashes (htpasswd(1), -B).
    case passwords(String)
    /// By a token that somebody at `realm` signs with the key of the PEM certificate.
    case tokens(realm: String, service: String, issuer: String, certificate: String)
  }

  /// Certificate and key, both paths of PEM files.
  public struct TLS: Sendable {
    public let certificate: String
    public let key: String

    public init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  /// The port on 127.0.0.1.
  public let port: Int
  /// Without a path.
  public let address: String
  private let directory: String
  private let process: SupervisedProcess

  /// Whether this machine has the program.
  public static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

  private static let program = "/usr/bin/docker-registry"

  /// Starts one and waits until it listens.
  /// - Throws: ``ServiceFailure`` with what it said when it does not.
  public static func start(_ access: Access = .everybody, tls: TLS? = nil) async throws -> ThrowawayRegistry {
    try await withCheckedThrowingContinuation { continuation in
      // It blocks, which the threads of Swift's pool must not.
      Thread.detachNewThread {
        continuation.resume(with: Result { try ThrowawayRegistry(access, tls: tls) })
      }
    }
  }

  private init(_ access: Access, tls: TLS?) throws {
    guard Self.isInstalled else { throw ServiceFailure("\(Self.program) is not there; install docker-registry") }
    var template = Array("/tmp/rollback-registry-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw ServiceFailure("mkdtemp: \(String(cString: strerror(errno)))") }
    directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    let output = Pipe()
    do {
      let configuration = "\(directory)/config.yml"
      try Self.configuration(access, tls, directory).write(toFile: configuration, atomically: true, encoding: .utf8)
      process = try SupervisedProcess(
        Self.program, ["serve", configuration], environment: [:], log: output.fileHandleForWriting)
      // Ours must go, or the end of its output would never be seen.
      try output.fileHandleForWriting.close()
      port = try Self.awaitPort(output.fileHandleForReading)
    } catch {
      // What cannot be removed lies in /tmp and is gone with the next boot.
      try? FileManager.default.removeItem(atPath: directory)
      throw error
    }
    address = "\(tls == nil ? "http" : "https")://127.0.0.1:\(port)"
  }

  deinit {
    process.stop()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// Its configuration (docker-registry's configuration.md).
  private static func configuration(_ access: Access, _ tls: TLS?, _ directory: String) throws -> String {
    var text = """
      version: 0.1
      log: {level: info, accesslog: {disabled: true}}
      storage: {inmemory: {}, delete: {enabled: true}, maintenance: {uploadpurging: {enabled: false}}}
      http:
        addr: "127.0.0.1:0"
        secret: "\(UUID().uuidString)"

      """
    if let tls { text += "  tls: {certificate: \"\(tls.certificate)\", key: \"\(tls.key)\"}\n" }
    switch access {
    case .everybody: break
    case .passwords(let lines):
      let file = "\(directory)/passwords"
      try lines.write(toFile: file, atomically: true, encoding: .utf8)
      text += "auth: {htpasswd: {realm: test, path: \"\(file)\"}}\n"
    case .tokens(let realm, let service, let issuer, let certificate):
      text += "auth: {token: {realm: \"\(realm)\", service: \"\(service)\", issuer: \"\(issuer)\", "
      text += "rootcertbundle: \"\(certificate)\"}}\n"
    }
    return text
  }

  /// Reads what it says until it names its port, and the rest on a thread of its own, so that it never waits for us.
  private static func awaitPort(_ output: FileHandle) throws -> Int {
    var said = ""
    while true {
      let data = output.availableData
      guard !data.isEmpty else { throw ServiceFailure("docker-registry ended: \(said)") }
      said += String(decoding: data, as: UTF8.self)
      guard let found = said.range(of: "listening on 127.0.0.1:"),
        let port = Int(said[found.upperBound...].prefix { $0.isNumber }), said[found.upperBound...].contains("\"")
      else { continue }
      Thread.detachNewThread { while !output.availableData.isEmpty {} }
      return port
    }
  }
}
