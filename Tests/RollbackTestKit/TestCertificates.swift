public import Foundation

/// Certificates made by openssl for one test, in a folder of their own: the authorities `ca` and `other`, and of `ca`
/// the leaves `server` (for 127.0.0.1), `wrong` (for another name), `expired` and `client`.
public final class TestCertificates: Sendable {
  private let folder: TemporaryFolder
  public var directory: URL { folder.url }

  public init() async throws {
    folder = try TemporaryFolder("certificates")
    try await Shell.run(
      #"""
      key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
      for name in ca other; do
        openssl req -x509 $key -days 2 -subj "/CN=Test $name" -keyout $name.key -out $name.pem
      done
      issue() {
        openssl req -new $key -subj "/CN=$1" -keyout $1.key -out $1.csr
        echo "subjectAltName=$2" > $1.ext
        openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $3 -extfile $1.ext -out $1.pem
      }
      issue server DNS:api.test,IP:127.0.0.1 2
      issue wrong DNS:elsewhere.test 2
      issue expired IP:127.0.0.1 -1
      issue client DNS:client.test 2
      """#, in: folder.url)
  }

  public func pem(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: directory.appending(path: name)))
  }
}
