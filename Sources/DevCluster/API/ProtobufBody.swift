/// Bodies in Kubernetes' protobuf encoding, which `kubectl create` sends: as many types and fields as it fills.
///
/// Kubernetes' `generated.proto` files give the numbers. Fields that are not listed are skipped.
enum ProtobufBody {
  static let mediaType = "application/vnd.kubernetes.protobuf"

  /// One type a line; each field is its number, its name and its type: those of `SchemaText`, `y` for bytes, `rs` for
  /// repeated strings, `[x]` for repeated messages, `mq` for a map of quantities, `my` for a map of bytes.
  private static let types = """
    Namespace 1 metadata ObjectMeta, 2 spec NamespaceSpec
    NamespaceSpec 1 finalizers rs
    Deployment 1 metadata ObjectMeta, 2 spec DeploymentSpec
    ObjectMeta 1 name s, 2 generateName s, 3 namespace s, 5 uid s, 6 resourceVersion s, 11 labels ms, \
    12 annotations ms, 14 finalizers rs
    DeploymentSpec 1 replicas i, 2 selector LabelSelector, 3 template PodTemplateSpec, 4 strategy DeploymentStrategy, \
    5 minReadySeconds i, 6 revisionHistoryLimit i, 7 paused b, 9 progressDeadlineSeconds i
    LabelSelector 1 matchLabels ms, 2 matchExpressions [LabelSelectorRequirement]
    LabelSelectorRequirement 1 key s, 2 operator s, 3 values rs
    DeploymentStrategy 1 type s, 2 rollingUpdate RollingUpdateDeployment
    RollingUpdateDeployment 1 maxUnavailable n, 2 maxSurge n
    PodTemplateSpec 1 metadata ObjectMeta, 2 spec PodSpec
    Pod 1 metadata ObjectMeta, 2 spec PodSpec
    PodSpec 2 containers [Container], 3 restartPolicy s, 4 terminationGracePeriodSeconds i, 6 dnsPolicy s, \
    7 nodeSelector ms, 8 serviceAccountName s, 10 nodeName s, 19 schedulerName s, 20 initContainers [Container]
    Container 1 name s, 2 image s, 3 command rs, 4 args rs, 5 workingDir s, 6 ports [ContainerPort], 7 env [EnvVar], \
    8 resources ResourceRequirements, 13 terminationMessagePath s, 14 imagePullPolicy s, 16 stdin b, 17 stdinOnce b, \
    18 tty b, 20 terminationMessagePolicy s
    ContainerPort 1 name s, 2 hostPort i, 3 containerPort i, 4 protocol s, 5 hostIP s
    EnvVar 1 name s, 2 value s
    ResourceRequirements 1 limits mq, 2 requests mq
    ResourceQuota 1 metadata ObjectMeta, 2 spec ResourceQuotaSpec
    ResourceQuotaSpec 1 hard mq, 2 scopes rs
    ConfigMap 1 metadata ObjectMeta, 2 data ms
    Secret 1 metadata ObjectMeta, 2 data my, 3 type s, 4 stringData ms
    ServiceAccount 1 metadata ObjectMeta
    SelfSubjectReview 1 metadata ObjectMeta
    SelfSubjectAccessReview 1 metadata ObjectMeta, 2 spec SelfSubjectAccessReviewSpec
    SelfSubjectAccessReviewSpec 1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes PathAttributes
    ResourceAttributes 1 namespace s, 2 verb s, 3 group s, 4 version s, 5 resource s, 6 subresource s, 7 name s
    PathAttributes 1 path s, 2 verb s
    DeleteOptions 1 gracePeriodSeconds i, 2 preconditions Preconditions, 4 propagationPolicy s, 5 dryRun rs
    Preconditions 1 uid s, 2 resourceVersion s
    """

  private static let fields: [String: [Int: (name: String, type: String)]] = {
    var all: [String: [Int: (name: String, type: String)]] = [:]
    for line in types.split(separator: "\n") {
      guard let space = line.firstIndex(of: " ") else { continue }
      for field in line[space...].split(separator: ",") {
        let words = field.split(separator: " ").map(String.init)
        guard words.count == 3, let number = Int(words[0]) else { continue }
        all[String(line[..<space]), default: [:]][number] = (words[1], words[2])
      }
    }
    return all
  }()

  /// The object of a body: four bytes of magic, then an envelope of version, kind and the object. `nil` where the
  /// body is malformed or of a kind that is not listed.
  static func decode(_ body: [UInt8]) -> JSON? {
    guard body.starts(with: [0x6B, 0x38, 0x73, 0x00]), let envelope = Wire.fields(body[4...]) else { return nil }
    var version = ""
    var kind = ""
    var raw: ArraySlice<UInt8> = []
    for field in envelope {
      switch (field.number, field.value) {
      case (1, .bytes(let meta)):
        for inner in Wire.fields(meta) ?? [] {
          guard case .bytes(let text) = inner.value else { continue }
          if inner.number == 1 { version = String(decoding: text, as: UTF8.self) }
          if inner.number == 2 { kind = String(decoding: text, as: UTF8.self) }
        }
      case (2, .bytes(let bytes)): raw = bytes
      default: break
      }
    }
    guard fields[kind] != nil, var object = message(raw, kind) else { return nil }
    object["apiVersion"] = .string(version)
    object["kind"] = .string(kind)
    return object
  }

  private static func message(_ bytes: ArraySlice<UInt8>, _ type: String) -> JSON? {
    guard let known = fields[type], let parts = Wire.fields(bytes) else { return nil }
    var object = JSON.object([:])
    for part in parts {
      guard let field = known[part.number] else { continue }
      switch (field.type, part.value) {
      case ("i", .number(let number)): object[field.name] = .int(Int64(bitPattern: number))
      case ("b", .number(let number)): object[field.name] = .bool(number != 0)
      case ("s", .bytes(let text)):
        if !text.isEmpty { object[field.name] = .string(String(decoding: text, as: UTF8.self)) }
      case ("rs", .bytes(let text)):
        object[field.name] = .array(
          object[field.name].elements + [.string(String(decoding: text, as: UTF8.self))])
      case ("n", .bytes(let inner)): object[field.name] = intOrString(inner)
      case ("ms", .bytes(let entry)), ("mq", .bytes(let entry)), ("my", .bytes(let entry)):
        guard let (key, value) = mapEntry(entry, field.type) else { return nil }
        object[field.name][key] = value
      case (let inner, .bytes(let bytes)) where inner.hasPrefix("["):
        guard let element = message(bytes, String(inner.dropFirst().dropLast())) else { return nil }
        object[field.name] = .array(object[field.name].elements + [element])
      case (let inner, .bytes(let bytes)):
        guard let value = message(bytes, inner) else { return nil }
        object.members[field.name] = value
      default: return nil
      }
    }
    return object
  }

  private static func intOrString(_ bytes: ArraySlice<UInt8>) -> JSON {
    var isString = false
    var number: Int64 = 0
    var text = ""
    for field in Wire.fields(bytes) ?? [] {
      switch (field.number, field.value) {
      case (1, .number(let value)): isString = value == 1
      case (2, .number(let value)): number = Int64(bitPattern: value)
      case (3, .bytes(let value)): text = String(decoding: value, as: UTF8.self)
      default: break
      }
    }
    return isString ? .string(text) : .int(number)
  }

  private static func mapEntry(_ bytes: ArraySlice<UInt8>, _ type: String) -> (String, JSON)? {
    var key = ""
    var value = ""
    guard let parts = Wire.fields(bytes) else { return nil }
    for part in parts {
      guard case .bytes(let content) = part.value else { continue }
      if part.number == 1 { key = String(decoding: content, as: UTF8.self) }
      guard part.number == 2 else { continue }
      // A quantity is a message with its text as the first field.
      if type == "mq", case .bytes(let inner)? = Wire.fields(content)?.first?.value {
        value = String(decoding: inner, as: UTF8.self)
      } else {
        value = type == "my" ? Base64.standard(Array(content)) : String(decoding: content, as: UTF8.self)
      }
    }
    return (key, .string(value))
  }
}

/// Protobuf's wire format: numbered fields.
private enum Wire {
  enum Value {
    case number(UInt64)
    case bytes(ArraySlice<UInt8>)
  }

  /// The fields of a message in their order; `nil` for what is no message.
  static func fields(_ bytes: ArraySlice<UInt8>) -> [(number: Int, value: Value)]? {
    var rest = bytes
    var fields: [(Int, Value)] = []
    while !rest.isEmpty {
      guard let tag = varint(&rest) else { return nil }
      switch tag & 7 {
      case 0:
        guard let number = varint(&rest) else { return nil }
        fields.append((Int(tag >> 3), .number(number)))
      case 2:
        guard let length = varint(&rest), length <= UInt64(rest.count) else { return nil }
        fields.append((Int(tag >> 3), .bytes(rest.prefix(Int(length)))))
        rest = rest.dropFirst(Int(length))
      case 1: rest = rest.dropFirst(8)
      case 5: rest = rest.dropFirst(4)
      default: return nil
      }
    }
    return fields
  }

  private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while let byte = rest.popFirst(), shift < 64 {
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }
}
