internal import RollbackMessages

extension App {
  var json: JSONValue {
    .object([
      "id": .string(id), "name": .string(name), "namespace": .string(namespace), "deployment": .string(deployment),
      "container": .string(container), "created_at": .time(createdAt),
    ])
  }
}

extension Migration {
  var json: JSONValue {
    .object(["version": .string(version), "name": .given(name), "applied_at": .time(appliedAt)])
  }
}
