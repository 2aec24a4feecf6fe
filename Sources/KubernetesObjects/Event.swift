/// A `v1` Event: what some component had to say about an object.
///
/// The scheduler writes through `events.k8s.io/v1`: such events have no count and null first and last timestamps,
/// only an `eventTime`.
public struct Event: KubernetesObject {
  public var metadata: ObjectMeta
  public var involvedObject: ObjectReference
  public var reason: String
  public var message: String
  /// `Normal` or `Warning`.
  public var type: String
  public var count: Int
  public var firstTimestamp: Timestamp?
  public var lastTimestamp: Timestamp?
  public var eventTime: Timestamp?
  public var series: EventSeries?
  public var reportingComponent: String

  public init(
    metadata: ObjectMeta, involvedObject: ObjectReference, reason: String, message: String, type: String = "Normal",
    count: Int = 1, firstTimestamp: Timestamp? = nil, lastTimestamp: Timestamp? = nil, eventTime: Timestamp? = nil,
    series: EventSeries? = nil, reportingComponent: String = ""
  ) {
    self.metadata = metadata
    self.involvedObject = involvedObject
    self.reason = reason
    self.message = message
    self.type = type
    self.count = count
    self.firstTimestamp = firstTimestamp
    self.lastTimestamp = lastTimestamp
    self.eventTime = eventTime
    self.series = series
    self.reportingComponent = reportingComponent
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    metadata = try fields.decode(ObjectMeta.self, forKey: .metadata)
    involvedObject = try fields.value(.involvedObject, default: ObjectReference())
    reason = try fields.value(.reason, default: "")
    message = try fields.value(.message, default: "")
    type = try fields.value(.type, default: "Normal")
    count = try fields.value(.count, default: 0)
    firstTimestamp = try fields.optional(.firstTimestamp)
    lastTimestamp = try fields.optional(.lastTimestamp)
    eventTime = try fields.optional(.eventTime)
    series = try fields.optional(.series)
    reportingComponent = try fields.value(.reportingComponent, default: "")
  }

  /// When it was last seen, by the server's clock: the newest of the times that the event has.
  public var lastSeen: Timestamp? {
    [series?.lastObservedTime, lastTimestamp, eventTime, firstTimestamp, metadata.creationTimestamp]
      .compactMap { $0 }.max()
  }

  /// How often it was seen; at least once.
  public var occurrences: Int { max(1, count, series?.count ?? 0) }
}

/// Repetitions of an event that was written through `events.k8s.io/v1`.
public struct EventSeries: Codable, Hashable, Sendable {
  public var count: Int
  public var lastObservedTime: Timestamp?

  public init(count: Int, lastObservedTime: Timestamp?) {
    self.count = count
    self.lastObservedTime = lastObservedTime
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    count = try fields.value(.count, default: 0)
    lastObservedTime = try fields.optional(.lastObservedTime)
  }
}

/// Which object something is about.
public struct ObjectReference: Codable, Hashable, Sendable {
  public var kind: String
  public var namespace: String
  public var name: String
  public var uid: String
  /// For instance `spec.containers{web}`.
  public var fieldPath: String

  public init(kind: String = "", namespace: String = "", name: String = "", uid: String = "", fieldPath: String = "") {
    self.kind = kind
    self.namespace = namespace
    self.name = name
    self.uid = uid
    self.fieldPath = fieldPath
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    kind = try fields.value(.kind, default: "")
    namespace = try fields.value(.namespace, default: "")
    name = try fields.value(.name, default: "")
    uid = try fields.value(.uid, default: "")
    fieldPath = try fields.value(.fieldPath, default: "")
  }
}
