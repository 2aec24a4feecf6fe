/// An answer other than the object that was asked for: Kubernetes' `Status`, thrown through the API's layers.
struct APIStatus: Error, Equatable {
  var code: Int
  var reason: String?
  var message: String
  /// The `details` member; left out of the body where `nil`.
  var details: JSON?
  var metadata: JSON = .object([:])
  /// Seconds to put in a `Retry-After` header.
  var retryAfter: Int?
  /// Sent as `text/plain` without a `Status` around the message.
  var isPlainText = false

  /// The `Status` object.
  var body: JSON {
    var body: JSON = ["kind": "Status", "apiVersion": "v1", "status": "Failure", "message": .string(message)]
    body.members["metadata"] = metadata
    if let reason { body["reason"] = .string(reason) }
    if let details { body.members["details"] = details }
    body["code"] = JSON(code)
    return body
  }
}

extension APIStatus {
  static func notFound(_ type: ResourceType, _ name: String) -> APIStatus {
    APIStatus(
      code: 404, reason: "NotFound", message: "\(type.qualifiedName) \"\(name)\" not found",
      details: type.details(name: name))
  }

  static let noSuchPath = APIStatus(
    code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: .object([:]))

  static let pageNotFound = APIStatus(code: 404, message: "404 page not found\n", isPlainText: true)

  static let unauthorized = APIStatus(code: 401, reason: "Unauthorized", message: "Unauthorized")

  static func alreadyExists(_ type: ResourceType, _ name: String) -> APIStatus {
    APIStatus(
      code: 409, reason: "AlreadyExists", message: "\(type.qualifiedName) \"\(name)\" already exists",
      details: type.details(name: name))
  }

  static func conflict(_ type: ResourceType, _ name: String) -> APIStatus {
    APIStatus(
      code: 409, reason: "Conflict",
      message: "Operation cannot be fulfilled on \(type.qualifiedName) \"\(name)\": the object has been modified; "
        + "please apply your changes to the latest version and try again",
      details: type.details(name: name))
  }

  static func forbidden(_ type: ResourceType, _ name: String, _ why: String) -> APIStatus {
    APIStatus(
      code: 403, reason: "Forbidden", message: "\(type.qualifiedName) \"\(name)\" is forbidden: \(why)",
      details: type.details(name: name))
  }

  static func badRequest(_ message: String) -> APIStatus {
    APIStatus(code: 400, reason: "BadRequest", message: message)
  }

  static let methodNotAllowed = APIStatus(
    code: 405, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource",
    details: .object([:]))

  static let unsupportedMediaType = APIStatus(
    code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: .object([:]))

  static let notAcceptable = APIStatus(
    code: 406, reason: "NotAcceptable",
    message: "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
      + "application/vnd.kubernetes.protobuf",
    details: .object([:]))

  /// A patch that cannot be applied, of which the server says no more.
  static let rejectedPatch = APIStatus(
    code: 422, reason: "Invalid", message: "the server rejected our request due to an error in our request",
    details: .object([:]))

  /// A patch that gives no valid object; the message quotes the patch.
  static func invalidPatch(_ patch: JSON, _ why: String) -> APIStatus {
    let text = "Invalid value: \"\(patch.goDescription)\": \(why)"
    return APIStatus(
      code: 422, reason: "Invalid", message: " \"\" is invalid: patch: \(text)",
      details: ["causes": [["reason": "FieldValueInvalid", "message": .string(text), "field": "patch"]]])
  }

  /// An object that breaks rules of its kind.
  static func invalid(_ type: ResourceType, _ name: String, _ problems: [FieldProblem]) -> APIStatus {
    // The same problem found twice is printed once, and listed twice.
    var lines: [String] = []
    for problem in problems where !lines.contains(problem.line) { lines.append(problem.line) }
    let list = lines.count == 1 ? lines[0] : "[" + lines.joined(separator: ", ") + "]"
    var details = type.details(name: name)
    details["kind"] = .string(type.kind)
    details["causes"] = .array(problems.map(\.cause))
    let kind = type.group.isEmpty ? type.kind : "\(type.kind).\(type.group)"
    return APIStatus(
      code: 422, reason: "Invalid", message: "\(kind) \"\(name)\" is invalid: \(list)", details: details)
  }

  /// A watch or a list from a resource version that is no longer held.
  static func expired(_ message: String) -> APIStatus {
    APIStatus(code: 410, reason: "Expired", message: message)
  }

  /// A resource version that does not exist yet.
  static func tooLargeResourceVersion(_ asked: Int64, current: Int64) -> APIStatus {
    APIStatus(
      code: 504, reason: "Timeout",
      message: "Timeout: Too large resource version: \(asked), current: \(current)",
      details: [
        "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
        "retryAfterSeconds": 1,
      ],
      retryAfter: 1)
  }
}

/// One broken rule of an object.
struct FieldProblem: Equatable {
  var reason: String
  var field: String
  var message: String

  var line: String { "\(field): \(message)" }
  var cause: JSON { ["reason": .string(reason), "message": .string(message), "field": .string(field)] }

  static func required(_ field: String, _ detail: String = "") -> FieldProblem {
    FieldProblem(
      reason: "FieldValueRequired", field: field,
      message: detail.isEmpty ? "Required value" : "Required value: \(detail)")
  }

  static func invalid(_ field: String, _ value: JSON, _ detail: String) -> FieldProblem {
    FieldProblem(reason: "FieldValueInvalid", field: field, message: "Invalid value: \(value.text): \(detail)")
  }

  static func notSupported(_ field: String, _ value: String, _ allowed: [String]) -> FieldProblem {
    let list = allowed.map { "\"\($0)\"" }.joined(separator: ", ")
    return FieldProblem(
      reason: "FieldValueNotSupported", field: field,
      message: "Unsupported value: \"\(value)\": supported values: \(list)")
  }

  static func duplicate(_ field: String, _ value: String) -> FieldProblem {
    FieldProblem(reason: "FieldValueDuplicate", field: field, message: "Duplicate value: \"\(value)\"")
  }
}
