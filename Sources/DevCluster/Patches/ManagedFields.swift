/// Who wrote which field of an object last.
enum ManagedFields {
  static func record(
    old: JSON?, new: inout JSON, type: ResourceType, subresource: String, options: WriteOptions, at now: Timestamp
  ) {}
}
