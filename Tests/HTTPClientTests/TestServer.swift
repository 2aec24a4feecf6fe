import Foundation
import RollbackTestKit

/// A real server in a process of its own, which ends with its owner.
final class TestServer {
  let port: Int
  private let process: Process
  private let folder: TemporaryFolder

  private init(port: Int, process: Process, folder: TemporaryFolder) {
    self.port = port
    self.process = process
    self.folder = folder
  }

  deinit {
    // Not SIGTERM: Foundation starts children with the signal mask of its worker threads, which block it. Foundation
    // reaps it.
    kill(process.processIdentifier, SIGKILL)
  }

  /// `openssl s_server` on a port of its choice, answering every GET with a page about the session.
  ///
  /// - Parameters:
  ///   - certificate: the name of one of the certificates.
  ///   - options: further options of s_server(1).
  static func openssl(
    _ certificates: TestCertificates, certificate: String = "server", options: [String] = []
  ) throws -> TestServer {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments =
      ["s_server", "-accept", "127.0.0.1:0", "-cert", "\(certificate).pem", "-key", "\(certificate).key", "-www"]
      + options
    process.currentDirectoryURL = certificates.directory
    let output = Pipe()
    // It would end at the end of its standard input.
    process.standardInput = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    // It says "ACCEPT 127.0.0.1:PORT" once it listens.
    let text = try read(output, until: { $0.contains("ACCEPT") && $0.hasSuffix("\n") })
    let digits = text.split(separator: "\n").last { $0.hasPrefix("ACCEPT") }?.split(separator: ":").last ?? ""
    return TestServer(
      port: Int(digits.prefix { $0.isNumber }) ?? 0, process: process, folder: try TemporaryFolder("openssl"))
  }

  /// nginx with TLS and HTTP/2.
  ///
  /// - Parameter locations: what stands in the server block besides.
  static func nginx(_ certificates: TestCertificates, locations: String) throws -> TestServer {
    let folder = try TemporaryFolder("nginx")
    let port = try freePort()
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \(folder.url.path)/\($0);" }
    let configuration = """
      daemon off; master_process off; pid \(folder.url.path)/pid; error_log stderr notice;
      events {}
      http {
        access_log off; \(paths.joined(separator: " "))
        server {
          listen 127.0.0.1:\(port) ssl http2;
          ssl_certificate \(certificates.directory.path)/server.pem;
          ssl_certificate_key \(certificates.directory.path)/server.key;
          \(locations)
        }
      }
      """
    let file = folder.url.appending(path: "nginx.conf")
    try configuration.write(to: file, atomically: true, encoding: .utf8)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/sbin/nginx")
    process.arguments = ["-c", file.path, "-p", folder.url.path]
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    // It listens before it says which event method it uses.
    _ = try read(errors, until: { $0.contains("event method") })
    return TestServer(port: port, process: process, folder: folder)
  }

  private static func read(_ pipe: Pipe, until isEnough: (String) -> Bool) throws -> String {
    var text = ""
    while !isEnough(text) {
      let data = pipe.fileHandleForReading.availableData
      guard !data.isEmpty else { throw Shell.Failed(command: "server", output: text) }
      text += String(decoding: data, as: UTF8.self)
    }
    return text
  }

  /// A port that the kernel has just given out, and will not give to others soon.
  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failed = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) != 0 || getsockname(descriptor, $0, &length) != 0
      }
    }
    guard !failed else { throw Shell.Failed(command: "bind", output: "no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
