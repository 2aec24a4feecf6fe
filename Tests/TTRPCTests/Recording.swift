import Foundation

/// A recorded exchange with Go's ttrpc 1.2.9.
struct Recording: Sendable {
  struct Line: Sendable {
    enum What: Sendable {
      case frame(RawPeer.Frame, bytes: [UInt8])
      case end
      case halfClose
    }

    let isFromClient: Bool
    let what: What
  }

  let name: String
  let lines: [Line]

  init(_ name: String) throws {
    self.name = name
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(name).jsonl")
    lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      let entry = try JSONDecoder().decode(Entry.self, from: Data($0.utf8))
      return Line(isFromClient: entry.from == "client", what: entry.what)
    }
  }

  func frames(fromClient: Bool) -> [RawPeer.Frame] {
    lines.compactMap { line in
      if line.isFromClient == fromClient, case .frame(let frame, _) = line.what { frame } else { nil }
    }
  }

  private struct Entry: Decodable {
    let from: String
    let event: String?
    let header: String?
    let data: String?
    let length: Int?

    var what: Line.What {
      guard let header, let data, let length else { return event == "half-close" ? .halfClose : .end }
      let head = bytes(header)
      // The oversized frame's zeros are described, not listed.
      let body = data.hasSuffix("bytes of 00") ? [UInt8](repeating: 0, count: length) : bytes(data)
      let stream = head[4...7].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      return .frame(RawPeer.Frame(stream: stream, type: head[8], flags: head[9], data: body), bytes: head + body)
    }

    private func bytes(_ hex: String) -> [UInt8] {
      let digits = Array(hex.utf8).map { UInt8($0 > 0x60 ? $0 - 0x57 : $0 - 0x30) }
      return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
  }
}
