internal import RolloutCore

extension RevertRecord {
  /// - Parameter failedImage: as the template has it.
  init(_ failure: OperationOutcome, failedImage: String) {
    self.init(
      kind: failure.kind.rawValue, sentence: failure.sentence, cause: failure.failure?.cause.rawValue ?? "",
      failedImage: failedImage)
  }
}

extension OperationOutcome {
  /// The failure that a holder wrote down before it began to put the image of before back.
  init(_ record: RevertRecord) {
    let cause = RolloutFailure.Cause(rawValue: record.cause) ?? .noProgress
    self.init(
      Kind(rawValue: record.kind) ?? .failed, sentence: record.sentence,
      failure: RolloutFailure(cause: cause, sentence: record.sentence))
  }
}
