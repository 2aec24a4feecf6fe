import ProtobufC
import TTRPC
import TTRPCCore

/// `bench.Deploys`, the recorded service: its methods, and handlers that behave as the recorded ones did.
enum Deploys {
  static let codec = ProtobufCodec()

  static let list = RPC<ListRequest, ListResponse>(
    "bench.Deploys", "List", .unary, request: .protobuf(codec), reply: .protobuf(codec))
  static let watch = RPC<WatchRequest, Progress>(
    "bench.Deploys", "Watch", .serverStream, request: .protobuf(codec), reply: .protobuf(codec))
  static let sum = RPC<Progress, Progress>(
    "bench.Deploys", "Sum", .clientStream, request: .protobuf(codec), reply: .protobuf(codec))
  static let chat = RPC<Progress, Progress>(
    "bench.Deploys", "Chat", .bidirectional, request: .protobuf(codec), reply: .protobuf(codec))

  static var methods: [ServerMethod] {
    [
      .unary(list, answer),
      .serverStream(watch) { request, writer, _ in
        for number in 0..<request.count {
          try await writer.send(Progress(seq: UInt64(number), percent: number, step: "step"))
        }
        if request.flushEach { throw RPCError(.aborted, "aborted after the messages") }
      },
      .clientStream(sum) { reader, _ in
        var total = Progress(step: "sum")
        for try await progress in reader { total.seq += progress.seq }
        return total
      },
      .bidirectional(chat) { reader, writer, _ in
        for try await progress in reader { try await writer.send(Progress(seq: progress.seq, step: "echo")) }
      },
    ]
  }

  static func deployment(of app: String) -> Deployment {
    Deployment(id: "1", appID: app, imageRef: "img:v1", status: "live", createdAt: 1_767_225_601_000_000)
  }

  private static func answer(_ request: ListRequest, _ context: RequestContext) async throws -> ListResponse {
    switch request.appID {
    case "empty": return ListResponse()
    case "missing": throw RPCError(.notFound, "app missing not found")
    case "plain-error": throw RPCError(.failedPrecondition, "unexpected EOF")
    case "slow":
      try await untilCancelled()
      return ListResponse()
    case "metadata":
      var seen: [String] = []
      for (key, _) in context.metadata where !seen.contains(key) { seen.append(key) }
      let pairs = seen.map { "\($0)=\(context.metadata.values(for: $0).joined(separator: ","))" }
      return ListResponse(deployments: [Deployment(id: pairs.joined(separator: ";"))])
    default:
      return ListResponse(deployments: [deployment(of: request.appID)])
    }
  }
}

/// Suspends until the task is cancelled, and then throws.
func untilCancelled() async throws {
  let (stream, continuation) = AsyncStream<Void>.makeStream()
  for await _ in stream {}
  _ = continuation
  throw CancellationError()
}
