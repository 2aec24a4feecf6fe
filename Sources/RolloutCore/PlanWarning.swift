public import KubernetesObjects

/// Something worth knowing that never blocks.
public struct PlanWarning: Hashable, Sendable {
  /// The raw values are part of the public contract.
  public enum Code: String, Sendable, CaseIterable {
    case schemaMismatch = "schema_mismatch"
    case imageUnverified = "image_unverified"
    case tagMoved = "tag_moved"
    case digestUnknown = "digest_unknown"
    case targetFailedBefore = "target_failed_before"
    case environmentChanged = "environment_changed"
    case scaledToZero = "scaled_to_zero"
    case autoscalerActive = "autoscaler_active"
    case strategyDiffers = "strategy_differs"
  }

  public var code: Code
  public var message: String
  /// A list that goes with it, such as the migrations.
  public var details: [String]

  public init(_ code: Code, _ message: String, details: [String] = []) {
    self.code = code
    self.message = message
    self.details = details
  }

  /// The platform's own wording; a test pins it.
  static let schemaMismatchText = "Migrations have been applied since this deploy. Schema mismatch possible."
}

/// A migration of the app's schema.
public struct MigrationRecord: Hashable, Sendable {
  public var version: String
  public var name: String
  public var appliedAt: Timestamp

  public init(version: String, name: String, appliedAt: Timestamp) {
    self.version = version
    self.name = name
    self.appliedAt = appliedAt
  }

  /// `0042_orders_add_note (2026-11-23T02:31:00Z)`.
  public var line: String {
    let title = name.isEmpty || name == version ? version : "\(version)_\(name)"
    return "\(title.oneLine(limit: 120)) (\(appliedAt.rfc3339))"
  }
}
