/// What opens a call: `ttrpc.Request` of proto/ttrpc/request.proto.
public struct RequestEnvelope: Hashable, Sendable {
  /// The full name of the service, `package.Service`: where it lies in the frame's data.
  public private(set) var service = 0..<0
  /// The method's name.
  public private(set) var method = 0..<0
  /// The encoded request message.
  public private(set) var payload = 0..<0
  /// How long the caller waits. 0: for ever; below 0: no longer.
  public private(set) var timeoutNanoseconds: Int64 = 0
  public private(set) var metadata = Metadata()

  /// The most values of metadata that a call may bring.
  public static let maximumMetadata = 128

  /// Reads an envelope in place.
  ///
  /// - Throws: what is wrong with it. A field that comes twice counts as it came last, as in every implementation.
  public init(_ bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
    var offset = 0
    while offset < bytes.count {
      let field = try WireField.next(in: bytes, at: &offset)
      switch (field.number, field.content) {
      case (1, .bytes(let range)): service = range
      case (2, .bytes(let range)): method = range
      case (3, .bytes(let range)): payload = range
      case (4, .varint(let value)): timeoutNanoseconds = Int64(bitPattern: value)
      case (5, .bytes(let range)): try addMetadata(UnsafeRawBufferPointer(rebasing: bytes[range]))
      case (1...5, _): throw EnvelopeError("has a field of another kind")
      default: break
      }
    }
  }

  private mutating func addMetadata(_ bytes: UnsafeRawBufferPointer) throws(EnvelopeError) {
    guard metadata.count < Self.maximumMetadata else {
      throw EnvelopeError("has more than \(Self.maximumMetadata) values of metadata")
    }
    var offset = 0
    var key = ""
    var value = ""
    while offset < bytes.count {
      let field = try WireField.next(in: bytes, at: &offset)
      switch (field.number, field.content) {
      case (1, .bytes(let range)): key = try text(bytes[range])
      case (2, .bytes(let range)): value = try text(bytes[range])
      case (1...2, _): throw EnvelopeError("has a field of another kind")
      default: break
      }
    }
    metadata.append(value, for: key)
  }

  private func text(_ bytes: Slice<UnsafeRawBufferPointer>) throws(EnvelopeError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw EnvelopeError("has metadata that is not UTF-8 or holds U+0000")
    }
    return text
  }
}

/// A request about to be sent: everything of the envelope but the payload's bytes.
public struct RequestHead: Hashable, Sendable {
  public var service: String
  public var method: String
  /// 0 for no limit.
  public var timeoutNanoseconds: Int64
  public var metadata: Metadata

  public init(service: String, method: String, timeoutNanoseconds: Int64 = 0, metadata: Metadata = Metadata()) {
    self.service = service
    self.method = method
    self.timeoutNanoseconds = timeoutNanoseconds
    self.metadata = metadata
  }

  /// Bytes before a payload of that many bytes, and bytes after it. An empty payload is not sent at all.
  public func sizes(payload: Int) -> (before: Int, after: Int) {
    var before = 0
    if !service.isEmpty { before += WireFieldWriter.size(ofField: service.utf8.count) }
    if !method.isEmpty { before += WireFieldWriter.size(ofField: method.utf8.count) }
    if payload > 0 { before += WireFieldWriter.size(ofField: payload) - payload }
    var after = 0
    if timeoutNanoseconds != 0 { after += 1 + WireFieldWriter.size(of: UInt64(bitPattern: timeoutNanoseconds)) }
    for (key, value) in metadata { after += WireFieldWriter.size(ofField: Self.entrySize(key, value)) }
    return (before, after)
  }

  /// Writes what comes before the payload.
  public func writeBefore(payload: Int, to bytes: UnsafeMutableRawBufferPointer) {
    var writer = WireFieldWriter(bytes)
    if !service.isEmpty { writer.string(field: 1, service) }
    if !method.isEmpty { writer.string(field: 2, method) }
    if payload > 0 { writer.prefix(field: 3, length: payload) }
  }

  /// Writes what comes after the payload.
  public func writeAfter(to bytes: UnsafeMutableRawBufferPointer) {
    var writer = WireFieldWriter(bytes)
    if timeoutNanoseconds != 0 {
      writer.varint(4 << 3)
      writer.varint(UInt64(bitPattern: timeoutNanoseconds))
    }
    for (key, value) in metadata {
      writer.prefix(field: 5, length: Self.entrySize(key, value))
      if !key.isEmpty { writer.string(field: 1, key) }
      if !value.isEmpty { writer.string(field: 2, value) }
    }
  }

  private static func entrySize(_ key: String, _ value: String) -> Int {
    (key.isEmpty ? 0 : WireFieldWriter.size(ofField: key.utf8.count))
      + (value.isEmpty ? 0 : WireFieldWriter.size(ofField: value.utf8.count))
  }
}
