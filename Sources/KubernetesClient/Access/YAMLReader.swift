internal import CLibyaml

/// Reads one YAML document with libyaml, under limits. JSON is YAML, so JSON is read too.
///
/// The only owner of its `yaml_parser_t`; used and gone within one call.
struct YAMLReader: ~Copyable {
  /// What is refused.
  struct Failure: Error, Hashable {
    var message: String
    /// Counted from 1; 0 where there is none.
    var line: Int
  }

  /// What a document may cost.
  struct Limits: Sendable {
    var bytes = 8 << 20
    var depth = 64
    /// Nodes, those that an alias repeats counted again: a small file must not unfold into a large one.
    var nodes = 200_000
  }

  private let limits: Limits
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private var nodes = 0
  private var anchors: [String: (node: YAMLNode, count: Int)] = [:]

  /// The first document of `bytes`; a null node when there is none.
  static func read(_ bytes: [UInt8], limits: Limits = Limits()) throws(Failure) -> YAMLNode {
    guard bytes.count <= limits.bytes else {
      throw Failure(message: "larger than \(limits.bytes) bytes", line: 0)
    }
    // libyaml borrows the input until the parser is deleted.
    let result: Result<YAMLNode, Failure> = bytes.withUnsafeBufferPointer { input in
      Result { () throws(Failure) in
        var reader = try YAMLReader(input, limits)
        return try reader.document()
      }
    }
    return try result.get()
  }

  private init(_ input: UnsafeBufferPointer<UInt8>, _ limits: Limits) throws(Failure) {
    self.limits = limits
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else {
      parser.deallocate()
      throw Failure(message: "no memory", line: 0)
    }
    yaml_parser_set_input_string(parser, input.baseAddress, input.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// What an event holds, copied out of libyaml's memory.
  private enum Event {
    case none
    case endOfStream
    case alias(String)
    case scalar(String, isPlain: Bool, anchor: String?)
    case sequenceStart(anchor: String?)
    case sequenceEnd
    case mappingStart(anchor: String?)
    case mappingEnd
  }

  private mutating func document() throws(Failure) -> YAMLNode {
    while true {
      let (event, line) = try next()
      switch event {
      case .none: continue
      case .endOfStream: return YAMLNode(.scalar("", isPlain: true), line: line)
      default: return try node(event, line, depth: 0)
      }
    }
  }

  private mutating func node(_ event: Event, _ line: Int, depth: Int) throws(Failure) -> YAMLNode {
    guard depth <= limits.depth else { throw Failure(message: "nested too deeply", line: line) }
    let before = nodes
    try count(1, line)
    let content: YAMLNode.Content
    let anchor: String?
    switch event {
    case .scalar(let text, let isPlain, let name):
      content = .scalar(text, isPlain: isPlain)
      anchor = name
    case .sequenceStart(let name):
      content = .sequence(try sequence(depth))
      anchor = name
    case .mappingStart(let name):
      content = .mapping(try mapping(depth))
      anchor = name
    case .alias(let name):
      // Only what is complete can be repeated, so nothing can contain itself.
      guard let target = anchors[name] else { throw Failure(message: "alias *\(name) has no anchor", line: line) }
      try count(target.count - 1, line)
      return target.node
    case .none, .endOfStream, .sequenceEnd, .mappingEnd:
      throw Failure(message: "ends too early", line: line)
    }
    let node = YAMLNode(content, line: line)
    if let anchor { anchors[anchor] = (node, nodes - before) }
    return node
  }

  private mutating func sequence(_ depth: Int) throws(Failure) -> [YAMLNode] {
    var items: [YAMLNode] = []
    while true {
      let (event, line) = try next()
      if case .sequenceEnd = event { return items }
      items.append(try node(event, line, depth: depth + 1))
    }
  }

  private mutating func mapping(_ depth: Int) throws(Failure) -> [YAMLNode.Pair] {
    var pairs: [YAMLNode.Pair] = []
    while true {
      let (event, line) = try next()
      if case .mappingEnd = event { return pairs }
      guard case .scalar(let key, let isPlain) = try node(event, line, depth: depth + 1).content else {
        throw Failure(message: "a key is not text", line: line)
      }
      guard key != "<<" || !isPlain else { throw Failure(message: "merge keys (<<) are not supported", line: line) }
      let (valueEvent, valueLine) = try next()
      pairs.append(YAMLNode.Pair(key: key, value: try node(valueEvent, valueLine, depth: depth + 1)))
    }
  }

  private mutating func count(_ added: Int, _ line: Int) throws(Failure) {
    nodes += added
    guard nodes <= limits.nodes else { throw Failure(message: "more than \(limits.nodes) nodes", line: line) }
  }

  private mutating func next() throws(Failure) -> (Event, line: Int) {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else {
      let problem = parser.pointee.problem.map { String(cString: $0) } ?? "malformed"
      throw Failure(message: problem, line: Int(parser.pointee.problem_mark.line) + 1)
    }
    // The event owns its strings (yaml_event_delete).
    defer { yaml_event_delete(&event) }
    let line = Int(event.start_mark.line) + 1
    return (try translate(event, line), line)
  }

  private func translate(_ event: yaml_event_t, _ line: Int) throws(Failure) -> Event {
    switch event.type {
    case YAML_STREAM_END_EVENT: return .endOfStream
    case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let bytes = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      // libyaml has checked the encoding.
      return .scalar(
        String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
        anchor: text(scalar.anchor))
    case YAML_SEQUENCE_START_EVENT: return .sequenceStart(anchor: text(event.data.sequence_start.anchor))
    case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
    case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: text(event.data.mapping_start.anchor))
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    default: return .none
    }
  }

  private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    pointer.map { String(cString: $0) }
  }
}
