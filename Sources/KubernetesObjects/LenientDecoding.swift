extension KeyedDecodingContainer {
  /// The value of `key`; `fallback` where the key is absent or `null`.
  ///
  /// The API server leaves out zero counts, empty lists, empty maps and empty strings, and Go clients may write
  /// `null` for each of them, so absence never is an error here. A value of the wrong type still is.
  func value<Value: Decodable>(_ key: Key, default fallback: Value) throws -> Value {
    try decodeIfPresent(Value.self, forKey: key) ?? fallback
  }

  /// The value of `key`, or nil where the key is absent or `null`.
  func optional<Value: Decodable>(_ key: Key) throws -> Value? {
    try decodeIfPresent(Value.self, forKey: key)
  }
}
