extension ClusterState {
  mutating func serverSideApply(
    _ patch: JSON, _ path: ObjectPath, _ request: APIRequest
  ) throws(APIStatus) -> APIResponse {
    throw .unsupportedMediaType
  }
}
