extension SchemaMigration {
  /// Finding a rollback's target, and how long one takes, by an index however many deploys an app has; and what is kept
  /// of each deploy's environment.
  static let targets = SchemaMigration(
    number: 4,
    name: "targets",
    sql: """
      -- Those that went live, newest first. One that was overtaken before it was ready never served; rows of other
      -- programs of the platform have no request id, and their word is taken for it.
      CREATE INDEX paas_deployments_served ON paas_deployments (app_id, created_at DESC, id)
        WHERE status = 'live'
          OR (status = 'superseded' AND (time_to_ready_ms IS NOT NULL OR request_id IS NULL));

      -- How long rollouts took: of one image, and of any.
      CREATE INDEX paas_deployments_times ON paas_deployments (app_id, created_at DESC)
        WHERE time_to_ready_ms IS NOT NULL;
      CREATE INDEX paas_deployments_times_of_image ON paas_deployments (app_id, image_ref, created_at DESC)
        WHERE time_to_ready_ms IS NOT NULL;

      -- The beginning of an id names a deploy of an app.
      CREATE INDEX paas_deployments_by_id ON paas_deployments (app_id, id);

      -- Of the container's environment when the deploy was begun: {"DB_POOL": "9f3c", ...}, names and fingerprints, never
      -- values. Null where it is not known.
      ALTER TABLE paas_deployments ADD COLUMN environment jsonb CHECK (jsonb_typeof(environment) = 'object');

      -- What fingerprints are keyed with: 244 random bits, made here once. Whoever may read paas_deployments needs no
      -- right to read this; without it a guessed value cannot be tried out against a fingerprint.
      CREATE TABLE paas_environment_key (
        only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
        key      bytea NOT NULL CHECK (length(key) = 32)
      );
      REVOKE ALL ON paas_environment_key FROM PUBLIC;
      INSERT INTO paas_environment_key (key) VALUES (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
      """)
}
