extension DevCluster {
  /// The control endpoint: faults by `POST /dev/faults`, taken back by `DELETE`, by `GET` how many are still to come
  /// (`{"left":N}`); `POST /dev/restart`,
  /// `/dev/drop-watches`, `/dev/freeze` and `/dev/advance` with `{"seconds":N}`; `POST /dev/administrators` with
  /// `{"name":"…","token":"…"}`, so that the log tells callers apart; `GET /dev/requests` and `/dev/writes`. It asks for
  /// the administrator's token too.
  func control(_ request: APIRequest) -> APIResponse {
    guard request.authorization == "Bearer \(token)" else { return APIResponse(.unauthorized) }
    let body = (try? JSON.parse(request.body)) ?? .object([:])
    let span = Duration.milliseconds(Int64((body["seconds"].number ?? 1) * 1000))
    switch (request.method, request.path) {
    case ("POST", "/dev/faults"):
      guard let fault = Fault(body) else { return APIResponse(.badRequest("no such fault")) }
      inject(fault)
    case ("GET", "/dev/faults"): return APIResponse(["left": JSON(engine.faultsLeft)])
    case ("DELETE", "/dev/faults"): clearFaults()
    case ("POST", "/dev/administrators"):
      guard let name = body["name"].string, let token = body["token"].string else {
        return APIResponse(.badRequest("an administrator has a name and a token"))
      }
      engine.addAdministrator(name, token: token)
    case ("POST", "/dev/restart"): restart()
    case ("POST", "/dev/drop-watches"): dropWatches()
    case ("POST", "/dev/freeze"): freeze(for: span)
    case ("POST", "/dev/advance"): advance(by: span)
    case ("GET", "/dev/requests"):
      return APIResponse([
        "items": .array(
          requests.map { request in
            [
              "at": .double(request.at), "user": .string(request.user), "verb": .string(request.verb),
              "path": .string(request.path), "query": JSON(request.query), "userAgent": .string(request.userAgent),
              "status": JSON(request.status), "retryAfter": request.retryAfter.map { JSON($0) } ?? .null,
              "isFaulty": .bool(request.isFaulty), "body": .string(request.body),
            ]
          })
      ])
    case ("GET", "/dev/writes"):
      return APIResponse(["items": .array(effectiveWrites.map(\.json))])
    default: return APIResponse(.pageNotFound)
    }
    return APIResponse(["status": "Success"])
  }
}

extension JSON {
  fileprivate var number: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }
}

extension EffectiveWrite {
  fileprivate var json: JSON {
    var object: JSON = [
      "namespace": .string(namespace), "name": .string(name), "uid": .string(uid), "generation": JSON(generation),
      "bumpedGeneration": .bool(bumpedGeneration), "fieldManager": .string(fieldManager),
      "images": .array(images.map(JSON.string)),
    ]
    if let deployID { object["deployID"] = .string(deployID) }
    if let fencedDeployID { object["fencedDeployID"] = .string(fencedDeployID) }
    return object
  }
}
