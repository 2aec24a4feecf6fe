import HTTPClient
import Testing

/// The error of something that must fail; nil, and an issue, when it does not.
func failure<Value>(_ body: @Sendable () async throws -> Value) async -> HTTPClientError? {
  do {
    _ = try await body()
    Issue.record("did not fail")
    return nil
  } catch {
    return error as? HTTPClientError
  }
}
