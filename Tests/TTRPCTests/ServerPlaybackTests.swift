import LinuxIO
import ProtobufC
import TTRPCCore
import Testing

@testable import TTRPC

/// Every exchange that was recorded with Go's server, played byte for byte to ours.
@Suite(.timeLimit(.minutes(1))) struct ServerPlaybackTests {
  /// Exchanges whose answers are the same to the byte, errors that handlers chose included.
  static let same = [
    "unary", "unary-empty-response", "unary-metadata", "unary-status", "unary-plain-error", "unknown-method",
    "unknown-service", "server-stream", "server-stream-none", "server-stream-error", "client-stream", "bidi",
    "interleaved", "raw-half-close", "raw-split-bytes", "raw-two-frames-one-write", "raw-unknown-type",
    "raw-stream-request-on-unary", "raw-unary-request-on-server-stream",
  ]

  @Test(arguments: same) func answersAsRecorded(_ name: String) async throws {
    let recording = try Recording(name)
    let answers = try await play(recording)
    for stream in Set(answers.map(\.stream)) {
      let expected = recording.frames(fromClient: false).filter { $0.stream == stream }
      #expect(answers.filter { $0.stream == stream } == expected)
    }
    #expect(answers.count == recording.frames(fromClient: false).count)
  }

  struct Refusal: Sendable {
    let name: String
    let stream: UInt32
    let code: StatusCode
  }

  /// Exchanges in which the server itself finds the error, and words it as it likes. The codes are as recorded but for
  /// a payload that cannot be decoded, which Go calls INTERNAL and we the caller's fault.
  static let refusals = [
    Refusal(name: "unary-deadline", stream: 1, code: .deadlineExceeded),
    Refusal(name: "raw-bad-envelope", stream: 1, code: .invalidArgument),
    Refusal(name: "raw-bad-payload", stream: 1, code: .invalidArgument),
    Refusal(name: "raw-data-on-unknown-stream", stream: 7, code: .invalidArgument),
    Refusal(name: "raw-even-stream-id", stream: 2, code: .invalidArgument),
    Refusal(name: "raw-oversize", stream: 1, code: .resourceExhausted),
  ]

  @Test(arguments: refusals) func refusesAsRecordedAndGoesOn(_ refusal: Refusal) async throws {
    let recording = try Recording(refusal.name)
    let answers = try await play(recording)
    let expected = recording.frames(fromClient: false)
    #expect(Set(answers.map(\.stream)) == Set(expected.map(\.stream)))
    for answer in answers {
      if answer.stream == refusal.stream {
        #expect(answer.type == 2 && answer.flags == 0)
        #expect(try answer.status()?.code == refusal.code)
      } else {
        #expect(expected.contains(answer))
      }
    }
  }

  @Test func aReusedIdIsRefusedAndTheFirstCallsAnswerStands() async throws {
    let recording = try Recording("raw-reused-stream-id")
    let answers = try await play(recording)
    let expected = recording.frames(fromClient: false)
    try #require(answers.count == 3)
    #expect(answers[0] == expected[0])
    #expect(try answers[1].status()?.code == .invalidArgument)
    #expect(answers[1].stream == 1)
    #expect(answers[2] == expected[2])
  }

  /// Go answers data for a stream that has ended by an error, which clients log; we drop it.
  @Test func lateDataIsDroppedQuietly() async throws {
    let recording = try Recording("raw-data-after-remote-closed")
    let expected = recording.frames(fromClient: false).filter { $0.type == 3 || $0.stream == 3 }
    #expect(expected.count == recording.frames(fromClient: false).count - 1)
    #expect(try await play(recording, without: { $0.type == 2 && $0.stream == 1 }) == expected)
  }

  /// However the bytes are cut, the answers are the same.
  @Test(arguments: [1, 3, 7, 64]) func cutsDoNotMatter(size: Int) async throws {
    let recording = try Recording("interleaved")
    let answers = try await play(recording, pieces: size)
    #expect(Set(answers.map(\.description)) == Set(recording.frames(fromClient: false).map(\.description)))
  }

  /// Sends what the client sent, and takes an answer where one was recorded; then the connection must end in order.
  private func play(
    _ recording: Recording, pieces: Int = .max,
    without skipped: @escaping @Sendable (RawPeer.Frame) -> Bool = { _ in false }
  ) async throws -> [RawPeer.Frame] {
    try await withServer(Deploys.methods) { server in
      let client = try await server.rawClient()
      var answers: [RawPeer.Frame] = []
      for line in recording.lines {
        switch (line.isFromClient, line.what) {
        case (true, .frame(_, let bytes)):
          for start in stride(from: 0, to: bytes.count, by: min(pieces, bytes.count)) {
            client.send(Array(bytes[start..<min(bytes.count, start + min(pieces, bytes.count))]))
          }
        case (false, .frame(let frame, _)) where !skipped(frame):
          answers += await client.frames(1)
        default: break
        }
      }
      client.shutdownWriting()
      while let more = await client.frame() { answers.append(more) }
      return answers
    }
  }
}

extension RawPeer.Frame {
  /// The status in a Response, nil for a success.
  func status() throws -> RPCStatus? {
    try data.withUnsafeBytes { bytes in
      guard let range = try ResponseEnvelope(bytes).status else { return nil }
      return try StatusCoder(ProtobufCodec()).decode(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
  }
}
