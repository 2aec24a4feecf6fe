extension SchemaMigration {
  /// Apps, their deploys, the frames of each rollout, and the leases that running operations are held by.
  static let deployments = SchemaMigration(
    number: 1,
    name: "deployments",
    sql: """
      CREATE TABLE paas_apps (
        id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        name       text NOT NULL UNIQUE CHECK (name <> ''),
        -- Where the app runs: one container of one Kubernetes Deployment.
        namespace  text NOT NULL CHECK (namespace <> ''),
        deployment text NOT NULL CHECK (deployment <> ''),
        container  text NOT NULL CHECK (container <> ''),
        created_at timestamptz NOT NULL DEFAULT now(),
        -- Two apps on one container would roll each other back.
        UNIQUE (namespace, deployment, container)
      );

      CREATE TABLE paas_deployments (
        id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        app_id               uuid NOT NULL REFERENCES paas_apps (id),
        -- The caller's idempotency key: the same key is the same operation.
        request_id           text,
        image_ref            text NOT NULL,
        image_digest         text,
        status               text NOT NULL CHECK (
          status IN ('building', 'deploying', 'live', 'superseded', 'failed', 'cancelled')),
        -- How it ended, finer than the status; null while it runs.
        outcome              text CHECK (
          outcome IN ('succeeded', 'failed', 'superseded', 'cancelled', 'timed_out', 'reverted')),
        -- One sentence on why it ended so.
        outcome_detail       text,
        replicas_desired     integer NOT NULL DEFAULT 0,
        replicas_updated     integer NOT NULL DEFAULT 0,
        replicas_ready       integer NOT NULL DEFAULT 0,
        replicas_available   integer NOT NULL DEFAULT 0,
        created_at           timestamptz NOT NULL DEFAULT now(),
        finished_at          timestamptz,
        -- Milliseconds from the request until the rollout was ready.
        time_to_ready_ms     bigint CHECK (time_to_ready_ms >= 0),
        actor_id             text,
        reason               text,
        -- The deploy whose image a rollback restores; null for a forward deploy.
        rollback_of          uuid REFERENCES paas_deployments (id),
        -- [{"code": "...", "message": "...", "details": ["..."]}, ...]
        warnings             jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(warnings) = 'array'),
        current              boolean NOT NULL DEFAULT false,
        -- Why it may not be rolled back to, where that is known of this row for good (its image is gone, blocked).
        not_rollbackable_reason text,
        -- Never built, still building, or known to be impossible: not a target.
        rollbackable         boolean NOT NULL GENERATED ALWAYS AS (
          not_rollbackable_reason IS NULL AND image_ref <> '' AND image_ref NOT LIKE '%:building') STORED,
        image_retained_until timestamptz,
        -- What a host that takes a running operation over must know: timeouts, soak, who asked.
        operation            jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(operation) = 'object')
      );

      -- How many migrations came after a deploy is counted from paas_migrations_applied, never stored: it changes.

      -- History of an app, newest first, by keyset.
      CREATE INDEX paas_deployments_by_app ON paas_deployments (app_id, created_at DESC, id);

      -- At most one deploy of an app is in flight, whichever program and host it came from.
      CREATE UNIQUE INDEX paas_deployments_in_flight ON paas_deployments (app_id)
        WHERE status IN ('building', 'deploying');

      -- Exactly one deploy of an app is what runs.
      CREATE UNIQUE INDEX paas_deployments_current ON paas_deployments (app_id) WHERE current;

      CREATE UNIQUE INDEX paas_deployments_request ON paas_deployments (app_id, request_id);

      CREATE TABLE paas_rollout_events (
        deploy_id uuid NOT NULL REFERENCES paas_deployments (id),
        seq       bigint NOT NULL CHECK (seq >= 0),
        at        timestamptz NOT NULL DEFAULT clock_timestamp(),
        kind      text NOT NULL,
        -- The frame as it goes over the wire.
        payload   bytea NOT NULL,
        PRIMARY KEY (deploy_id, seq)
      );

      CREATE TABLE paas_operation_leases (
        deploy_id       uuid PRIMARY KEY REFERENCES paas_deployments (id),
        holder_host     text NOT NULL,
        holder_instance uuid NOT NULL,
        acquired_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at      timestamptz NOT NULL,
        -- Grows by one with each takeover; a writer that carries an older one is stale.
        fencing_token   bigint NOT NULL DEFAULT 1 CHECK (fencing_token > 0)
      );

      -- A daemon looks for leases that have run out.
      CREATE INDEX paas_operation_leases_by_expiry ON paas_operation_leases (expires_at);

      CREATE TABLE paas_migrations_applied (
        app_id     uuid NOT NULL REFERENCES paas_apps (id),
        version    text NOT NULL,
        name       text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (app_id, version)
      );

      -- Those applied since a deploy was created.
      CREATE INDEX paas_migrations_applied_by_time ON paas_migrations_applied (app_id, applied_at);
      """)
}
