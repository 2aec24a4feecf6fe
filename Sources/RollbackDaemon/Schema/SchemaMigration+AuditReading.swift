extension SchemaMigration {
  /// What reading the audit trail needs: an index for each filter, in the order of `id`, and a notification for those
  /// who follow it.
  static let auditReading = SchemaMigration(
    number: 5,
    name: "audit reading",
    sql: """
      -- For each filter its rows in the order of id, newest first. NULLS LAST, although no id is null, is what these
      -- indexes have and the primary key does not: a page that asks for this order is read from one of them, and never
      -- by looking through the whole trail for rows that turn out to be few. Actor and target are asked for as text;
      -- a platform's table may have them as uuid or varchar.
      DROP INDEX IF EXISTS paas_audit_events_by_actor, paas_audit_events_by_target, paas_audit_events_by_app;
      CREATE INDEX paas_audit_events_of_actor ON paas_audit_events ((actor_id::text), id DESC NULLS LAST);
      CREATE INDEX paas_audit_events_of_target ON paas_audit_events ((target_id::text), id DESC NULLS LAST);
      CREATE INDEX paas_audit_events_of_app ON paas_audit_events ((details_jsonb ->> 'app_id'), id DESC NULLS LAST);
      -- By bytes, so that all actions with a common beginning lie together whatever the database's collation is.
      CREATE INDEX paas_audit_events_of_action ON paas_audit_events ((action::text) COLLATE "C", id DESC NULLS LAST);

      -- Where the rows of a span of time begin and end in the order of id.
      CREATE INDEX paas_audit_events_of_time ON paas_audit_events (created_at, id);

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
