import CTestProto
import ProtobufC

struct ListRequest: Equatable, ProtobufMessage {
  var appID = ""
  var limit: UInt32 = 0

  static let layout = ProtobufLayout(bench__list_request__init)

  init(appID: String = "", limit: UInt32 = 0) {
    self.appID = appID
    self.limit = limit
  }

  init(reading message: Bench__ListRequest, with reader: ProtobufReader) throws(ProtobufError) {
    appID = reader.string(message.app_id)
    limit = message.limit
  }

  func write(into message: inout Bench__ListRequest, with writer: ProtobufWriter) {
    message.app_id = writer.string(appID)
    message.limit = limit
  }
}

struct Deployment: Equatable, ProtobufMessage {
  var id = ""
  var appID = ""
  var imageRef = ""
  var status = ""
  var createdAt: Int64 = 0

  static let layout = ProtobufLayout(bench__deployment__init)

  init(id: String, appID: String = "", imageRef: String = "", status: String = "", createdAt: Int64 = 0) {
    self.id = id
    self.appID = appID
    self.imageRef = imageRef
    self.status = status
    self.createdAt = createdAt
  }

  init(reading message: Bench__Deployment, with reader: ProtobufReader) throws(ProtobufError) {
    id = reader.string(message.id)
    appID = reader.string(message.app_id)
    imageRef = reader.string(message.image_ref)
    status = reader.string(message.status)
    createdAt = message.created_at
  }

  func write(into message: inout Bench__Deployment, with writer: ProtobufWriter) {
    message.id = writer.string(id)
    message.app_id = writer.string(appID)
    message.image_ref = writer.string(imageRef)
    message.status = writer.string(status)
    message.created_at = createdAt
  }
}

struct ListResponse: Equatable, ProtobufMessage {
  var deployments: [Deployment] = []

  static let layout = ProtobufLayout(bench__list_response__init)

  init(deployments: [Deployment] = []) { self.deployments = deployments }

  init(reading message: Bench__ListResponse, with reader: ProtobufReader) throws(ProtobufError) {
    deployments = try reader.messages(message.deployments, count: message.n_deployments)
  }

  func write(into message: inout Bench__ListResponse, with writer: ProtobufWriter) {
    (message.deployments, message.n_deployments) = writer.messages(deployments)
  }
}

struct WatchRequest: Equatable, ProtobufMessage {
  var count: UInt32 = 0
  var flushEach = false

  static let layout = ProtobufLayout(bench__watch_request__init)

  init(count: UInt32 = 0, flushEach: Bool = false) {
    self.count = count
    self.flushEach = flushEach
  }

  init(reading message: Bench__WatchRequest, with reader: ProtobufReader) throws(ProtobufError) {
    count = message.count
    flushEach = reader.bool(message.flush_each)
  }

  func write(into message: inout Bench__WatchRequest, with writer: ProtobufWriter) {
    message.count = count
    message.flush_each = writer.bool(flushEach)
  }
}

struct Progress: Equatable, ProtobufMessage {
  var seq: UInt64 = 0
  var percent: UInt32 = 0
  var step = ""

  static let layout = ProtobufLayout(bench__progress__init)

  init(seq: UInt64 = 0, percent: UInt32 = 0, step: String = "") {
    self.seq = seq
    self.percent = percent
    self.step = step
  }

  init(reading message: Bench__Progress, with reader: ProtobufReader) throws(ProtobufError) {
    seq = message.seq
    percent = message.percent
    step = reader.string(message.step)
  }

  func write(into message: inout Bench__Progress, with writer: ProtobufWriter) {
    message.seq = seq
    message.percent = percent
    message.step = writer.string(step)
  }
}
