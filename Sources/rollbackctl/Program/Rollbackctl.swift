internal import ArgumentParser

/// The command line as a whole.
struct Rollbackctl: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollbackctl",
    abstract: "Puts an app back on an older, known-good image, and shows what happens.",
    discussion: """
      A rollback is a forward deploy of an older image, in a new row of the app's history. It restores only the image: \
      never environment variables, secrets, database schema or volumes. Once it is accepted it goes on by itself; \
      Ctrl-C ends the watching only.

      Without a deploy the target is the last known good one. Deploys may be named by the beginning of their ids, and \
      as current, previous (the one before), -2 (the one before that), and so on.

      EXAMPLES
        rollbackctl list hello
        rollbackctl rollback hello --reason "500s since v3"
        rollbackctl rollback hello 0bd91e44 --yes --output ndjson
        rollbackctl watch hello
        rollbackctl audit query --action 'deploy.rollback*' --since 24h

      EXIT STATUS
        0   done, or already current         8    timed out waiting
        1   unexpected                       9    failed and reverted
        2   usage, or would have to ask      10   superseded or cancelled
        3   rollout failed                   11   audit chain broken
        4   not found                        69   daemon unreachable
        5   another deploy is in progress    75   temporary: try again
        6   target or precondition refused   130  interrupted; the rollout goes on
        7   not permitted
      """,
    version: Version.text,
    subcommands: [
      ListVerb.self, PlanVerb.self, RollbackVerb.self, DeployVerb.self, WatchVerb.self, CancelVerb.self,
      AuditCommand.self, AppCommand.self, MigrationsCommand.self, HealthVerb.self,
    ])
}

/// Which release this is.
enum Version {
  static let text = "0.1.0"
}
