import ProtobufC
import RollbackMessages
import Testing

@Suite("Messages that are refused")
struct RefusalTests {
  @Test("text that is not UTF-8 is refused, and the field named")
  func invalidUTF8() {
    // app = ff
    expect(RollbackRequest.self, "0a01ff", .invalidUTF8, "rollback.v1.RollbackRequest.app")
    // options { reason = c3 28 }
    expect(RollbackRequest.self, "1a04 1202c328", .invalidUTF8, "rollback.v1.RolloutOptions.reason")
    // events { details_json = ed a0 80, half of a surrogate pair }
    expect(AuditPage.self, "0a05 3203eda080", .invalidUTF8, "rollback.v1.AuditEvent.details_json")
  }

  @Test("text that holds U+0000 is refused both ways")
  func nul() {
    expect(RollbackRequest.self, "0a03610062", .nulInString, "rollback.v1.RollbackRequest.app")
    for request in [RollbackRequest(app: "a\0b"), RollbackRequest(options: RolloutOptions(reason: "\0"))] {
      do throws(ProtobufError) {
        _ = try ProtobufCodec().encode(request)
        Issue.record("encoded")
      } catch {
        #expect(error.code == .nulInString)
      }
    }
  }

  @Test("a time that no calendar has is refused, and the field named")
  func timesOutOfRange() {
    // nanos = 1,000,000,000
    expect(AuditQueryRequest.self, "2a06 108094ebdc03", .invalidValue, "rollback.v1.AuditQueryRequest.since")
    // nanos = -1
    expect(AuditQueryRequest.self, "320b 10ffffffffffffffffff01", .invalidValue, "rollback.v1.AuditQueryRequest.until")
    // seconds = 253,402,300,800, the year 10000
    expect(App.self, "3207 088083d1ffaf07", .invalidValue, "rollback.v1.App.created_at")
  }

  @Test("a span of time that contradicts itself is refused, and the field named")
  func durationsOutOfRange() {
    // seconds = 1, nanos = -1
    expect(
      RollbackRequest.self, "1a0f 1a0d 0801 10ffffffffffffffffff01", .invalidValue, "rollback.v1.RolloutOptions.timeout"
    )
    // nanos = 1,000,000,000
    expect(RollbackRequest.self, "1a08 2206 108094ebdc03", .invalidValue, "rollback.v1.RolloutOptions.soak")
  }

  @Test("a message that may be there once is refused when it is there twice")
  func duplicates() {
    expect(RollbackRequest.self, "1a00 1a00", .duplicateMessage, "rollback.v1.RollbackRequest.options")
  }

  @Test("groups, numbers cut short and fields of another kind are refused")
  func malformed() {
    expect(ListAppsRequest.self, "0b0c", .group, "rollback.v1.ListAppsRequest.page_size")
    expect(ListAppsRequest.self, "08ff", .truncated, "rollback.v1.ListAppsRequest.page_size")
    expect(ListAppsRequest.self, "0a00", .wireTypeMismatch, "rollback.v1.ListAppsRequest.page_size")
    expect(ListAppsRequest.self, "12ff01", .truncated, "rollback.v1.ListAppsRequest.page_token")
  }

  private func expect<Message: ProtobufMessage>(
    _ type: Message.Type, _ hex: String, _ code: ProtobufError.Code, _ field: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do throws(ProtobufError) {
      _ = try ProtobufCodec().decode(type, from: [UInt8](hex: hex))
      Issue.record("decoded", sourceLocation: sourceLocation)
    } catch {
      #expect(error.code == code, sourceLocation: sourceLocation)
      #expect(error.field == field, sourceLocation: sourceLocation)
    }
  }
}
