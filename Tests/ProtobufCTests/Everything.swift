import CTestProto
import ProtobufC

/// `testing.Leaf` as a Swift value.
struct Leaf: Equatable, ProtobufMessage {
  var name = ""
  var number: Int64 = 0
  var counts: [UInt32] = []

  static let layout = ProtobufLayout(testing__leaf__init)

  init(name: String = "", number: Int64 = 0, counts: [UInt32] = []) {
    self.name = name
    self.number = number
    self.counts = counts
  }

  init(reading message: Testing__Leaf, with reader: ProtobufReader) throws(ProtobufError) {
    name = reader.string(message.name)
    number = message.number
    counts = reader.values(message.counts, count: message.n_counts)
  }

  func write(into message: inout Testing__Leaf, with writer: ProtobufWriter) {
    message.name = writer.string(name)
    message.number = number
    (message.counts, message.n_counts) = writer.values(counts)
  }
}

/// `testing.Everything` as a Swift value: one field of each shape.
struct Everything: Equatable, ProtobufMessage {
  enum Result: Equatable {
    case none
    case failure(String)
    case success(Leaf)
  }

  var text = ""
  var blob: [UInt8] = []
  var flag = false
  var colour: UInt32 = 0
  var leaf: Leaf?
  var leaves: [Leaf] = []
  var words: [String] = []
  var labels: [String: String] = [:]
  var result = Result.none
  var zigzag: Int32 = 0
  var fixedBig: UInt64 = 0
  var ratio = 0.0
  var blobs: [[UInt8]] = []
  var sparse: UInt64 = 0

  static let layout = ProtobufLayout(testing__everything__init)
  private static let label = ProtobufLayout(testing__everything__labels_entry__init)

  init() {}

  init(reading message: Testing__Everything, with reader: ProtobufReader) throws(ProtobufError) {
    text = reader.string(message.text)
    blob = reader.bytes(message.blob)
    flag = reader.bool(message.flag)
    colour = message.colour.rawValue
    leaf = try reader.message(message.leaf)
    leaves = try reader.messages(message.leaves, count: message.n_leaves)
    words = reader.strings(message.words, count: message.n_words)
    labels = reader.map(message.labels, count: message.n_labels) { (reader.string($0.key), reader.string($0.value)) }
    switch message.result_case {
    case TESTING__EVERYTHING__RESULT_FAILURE: result = .failure(reader.string(message.failure))
    case TESTING__EVERYTHING__RESULT_SUCCESS:
      result = .success(try reader.required(message.success, "testing.Everything.success"))
    default: result = .none
    }
    zigzag = message.zigzag
    fixedBig = message.fixed_big
    ratio = message.ratio
    blobs = reader.byteArrays(message.blobs, count: message.n_blobs)
    sparse = message.sparse
  }

  func write(into message: inout Testing__Everything, with writer: ProtobufWriter) {
    message.text = writer.string(text)
    message.blob = writer.bytes(blob)
    message.flag = writer.bool(flag)
    message.colour = Testing__Colour(rawValue: colour)
    message.leaf = writer.message(leaf)
    (message.leaves, message.n_leaves) = writer.messages(leaves)
    (message.words, message.n_words) = writer.strings(words)
    (message.labels, message.n_labels) = writer.map(labels, Self.label) { entry, key, value in
      entry.key = writer.string(key)
      entry.value = writer.string(value)
    }
    switch result {
    case .none: break
    case .failure(let why):
      message.result_case = TESTING__EVERYTHING__RESULT_FAILURE
      message.failure = writer.string(why)
    case .success(let leaf):
      message.result_case = TESTING__EVERYTHING__RESULT_SUCCESS
      message.success = writer.message(leaf)
    }
    message.zigzag = zigzag
    message.fixed_big = fixedBig
    message.ratio = ratio
    (message.blobs, message.n_blobs) = writer.byteArrays(blobs)
    message.sparse = sparse
  }
}

/// `testing.Chain`, of which only the length is read.
struct Chain: ProtobufMessage {
  var length: Int

  static let layout = ProtobufLayout(testing__chain__init)

  init(reading message: Testing__Chain, with reader: ProtobufReader) throws(ProtobufError) {
    length = try 1 + (reader.message(message.next, as: Chain.self)?.length ?? 0)
  }

  func write(into message: inout Testing__Chain, with writer: ProtobufWriter) {}
}
