internal import Glibc
internal import TTRPCCore

/// The methods that a server knows, found by the bytes of their names.
struct MethodTable: Sendable {
  /// A class, because each call refers to one.
  final class Entry: Sendable {
    let service: String
    let method: String
    let handler: any MethodHandler
    fileprivate let serviceBytes: [UInt8]
    fileprivate let methodBytes: [UInt8]

    fileprivate init(_ method: ServerMethod) {
      service = method.service
      self.method = method.method
      handler = method.handler
      serviceBytes = Array(method.service.utf8)
      methodBytes = Array(method.method.utf8)
    }
  }

  /// Few enough that looking through them costs less than hashing a name.
  private let entries: [Entry]

  /// - Parameter methods: each name at most once.
  init(_ methods: [ServerMethod]) {
    entries = methods.map(Entry.init)
    let names = Set(methods.map { "\($0.service)/\($0.method)" })
    precondition(names.count == methods.count, "a method is registered twice")
  }

  func find(service: UnsafeRawBufferPointer, method: UnsafeRawBufferPointer) -> Entry? {
    for entry in entries where equal(method, entry.methodBytes) && equal(service, entry.serviceBytes) { return entry }
    return nil
  }

  /// What a caller of a method that is not there is told. Names of the wire are quoted only where they are text.
  func refusal(service: UnsafeRawBufferPointer, method: UnsafeRawBufferPointer) -> RPCStatus {
    let isKnown = entries.contains { equal(service, $0.serviceBytes) }
    let name = isKnown ? method : service
    let text = name.count <= 256 ? String(validating: name, as: UTF8.self) ?? "?" : "?"
    return RPCStatus(.unimplemented, "\(isKnown ? "method" : "service") \(text)")
  }

  private func equal(_ bytes: UnsafeRawBufferPointer, _ name: [UInt8]) -> Bool {
    guard bytes.count == name.count, let start = bytes.baseAddress else { return bytes.count == name.count }
    return memcmp(start, name, name.count) == 0
  }
}
