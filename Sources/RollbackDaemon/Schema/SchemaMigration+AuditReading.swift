extension SchemaMigration {
  /// What reading the audit trail needs: an index for each filter, in the order of `id`, and a notification for those
  /// who follow it.
  static let auditReading = SchemaMigration(
    number: 3,
    name: "audit reading",
    sql: """
      -- By bytes, so that all actions with a common beginning lie together whatever the database's collation is.
      CREATE INDEX paas_audit_events_by_action_id ON paas_audit_events ((action::text) COLLATE "C", id);

      -- Where the rows of a span of time begin and end in the order of id.
      CREATE INDEX paas_audit_events_by_time ON paas_audit_events (created_at, id);

      -- Actor and target are asked for as text; a platform's table may have them as uuid or varchar, where the indexes
      -- on the columns themselves do not help.
      DO $text$
      DECLARE
        name text;
      BEGIN
        FOREACH name IN ARRAY ARRAY['actor_id', 'target_id'] LOOP
          IF (SELECT atttypid <> 'text'::regtype FROM pg_attribute
              WHERE attrelid = 'paas_audit_events'::regclass AND attname = name)
          THEN
            EXECUTE format(
              'CREATE INDEX %I ON paas_audit_events ((%I::text), id)', 'paas_audit_events_by_' || name || '_text', name);
          END IF;
        END LOOP;
      END
      $text$;

      -- Says that there is something new, when the writer's transaction commits; what it is has to be read. Equal
      -- notifications of a transaction are one.
      CREATE FUNCTION paas_audit_notify() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog
        AS $notify$
        BEGIN
          PERFORM pg_notify('paas_audit_events', '');
          RETURN NULL;
        END
        $notify$;

      CREATE TRIGGER paas_audit_events_notify AFTER INSERT ON paas_audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION paas_audit_notify();

      -- The new expressions have no statistics before that.
      ANALYZE paas_audit_events;
      """)
}
