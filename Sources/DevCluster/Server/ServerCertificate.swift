internal import Foundation

/// A key and a certificate for this machine's loopback names, made anew for each cluster and kept in memory only.
struct ServerCertificate: Sendable {
  /// PEM; the certificate is its own authority.
  let certificate: String
  let key: String

  /// Makes one by the `openssl` command. Throws where there is none, or it fails.
  static func make() throws -> ServerCertificate {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "365",
      "-subj", "/CN=development-cluster", "-addext", "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost",
      "-keyout", "/dev/stdout", "-out", "/dev/stdout",
    ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let key = text.block("PRIVATE KEY"),
      let certificate = text.block("CERTIFICATE")
    else {
      throw DevClusterError(
        code: .noCertificate,
        message: "the command openssl is needed to make a certificate, and it is missing or failed")
    }
    return ServerCertificate(certificate: certificate, key: key)
  }
}

/// Why a development cluster cannot be served.
public struct DevClusterError: Error, CustomStringConvertible {
  public enum Code: Sendable {
    /// There is no certificate for TLS.
    case noCertificate
  }

  public let code: Code
  public let message: String
  public var description: String { message }
}

extension String {
  /// The first PEM block with that label.
  fileprivate func block(_ label: String) -> String? {
    guard let start = firstRange(of: "-----BEGIN \(label)-----"), let end = firstRange(of: "-----END \(label)-----")
    else { return nil }
    return String(self[start.lowerBound..<end.upperBound]) + "\n"
  }
}
