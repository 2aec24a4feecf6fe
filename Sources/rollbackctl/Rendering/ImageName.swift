/// The short name of an image, as lists and sentences have it.
enum ImageName {
  /// `hello:v2` of `harbor/octave/hello:v2`; `:building` where none was ever built.
  static func short(_ reference: String) -> String {
    if reference.isEmpty { return "-" }
    if isUnbuilt(reference) { return ":building" }
    return reference.split(separator: "/").last.map(String.init) ?? reference
  }

  /// The short names where all come from one repository's parent, else the whole references, so that no two that differ
  /// look the same.
  static func names(_ references: [String]) -> [String] {
    let parents = Set(references.filter { !$0.isEmpty && !isUnbuilt($0) }.map(parent))
    return parents.count > 1 ? references.map { isUnbuilt($0) ? ":building" : $0 } : references.map(short)
  }

  /// `sha256:1c9e…`, and shorter `1c9e…`; `-` for none.
  static func digest(_ digest: String) -> (long: String, short: String) {
    guard !digest.isEmpty else { return ("-", "-") }
    let parts = digest.split(separator: ":", maxSplits: 1)
    guard parts.count == 2 else { return (String(digest.prefix(12)), String(digest.prefix(4))) }
    return ("\(parts[0]):\(parts[1].prefix(4))…", "\(parts[1].prefix(4))…")
  }

  static func isUnbuilt(_ reference: String) -> Bool { reference.hasSuffix(":building") }

  private static func parent(_ reference: String) -> Substring {
    reference.lastIndex(of: "/").map { reference[..<$0] } ?? ""
  }
}

/// The first eight digits of an id, which is how people name it.
func shortID(_ id: String) -> String { String(id.prefix(8)) }
