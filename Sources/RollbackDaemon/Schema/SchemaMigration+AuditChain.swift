extension SchemaMigration {
  /// The audit table, its hash chain, and the refusal to change what it holds.
  ///
  /// A platform may own `paas_audit_events` already. It is then kept as it is, two columns are added, and its rows stay
  /// outside the chain, told apart by `hash IS NULL`; a first chained row says how many there were.
  ///
  /// The encoding that is hashed is described at ``AuditChain``.
  static let auditChain = SchemaMigration(
    number: 2,
    name: "audit chain",
    sql: """
      CREATE TABLE IF NOT EXISTS paas_audit_events (
        -- No default: the chain's trigger gives the number, under the chain's lock.
        id            bigint PRIMARY KEY,
        created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
        actor_id      text,
        action        text NOT NULL,
        target_id     text,
        details_jsonb jsonb NOT NULL DEFAULT '{}'
      );

      -- A table that was here before must be of a shape that can be chained.
      DO $check$
      DECLARE
        audit   constant regclass := 'paas_audit_events'::regclass;
        wanted  record;
        found   text;
      BEGIN
        IF (SELECT relkind FROM pg_class WHERE oid = audit) <> 'r' THEN
          RAISE EXCEPTION 'paas_audit_events is not a plain table' USING ERRCODE = 'feature_not_supported';
        END IF;
        FOR wanted IN
          SELECT * FROM (VALUES
            ('id',            ARRAY['bigint', 'integer']),
            ('created_at',    ARRAY['timestamp with time zone']),
            ('actor_id',      ARRAY['text', 'uuid', 'character varying']),
            ('action',        ARRAY['text', 'character varying']),
            ('target_id',     ARRAY['text', 'uuid', 'character varying']),
            ('details_jsonb', ARRAY['jsonb'])) AS list (name, types)
        LOOP
          SELECT format_type(atttypid, NULL) INTO found FROM pg_attribute
            WHERE attrelid = audit AND attname = wanted.name AND NOT attisdropped;
          IF found IS NULL OR NOT found = ANY (wanted.types) THEN
            RAISE EXCEPTION 'paas_audit_events.% is % but has to be one of: %', wanted.name,
              coalesce(found, 'missing'), array_to_string(wanted.types, ', ') USING ERRCODE = 'datatype_mismatch';
          END IF;
        END LOOP;
        IF NOT EXISTS (
          SELECT FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] AND a.attname = 'id'
            WHERE i.indrelid = audit AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL)
        THEN
          RAISE EXCEPTION 'paas_audit_events.id has no unique index' USING ERRCODE = 'invalid_table_definition';
        END IF;
      END
      $check$;

      ALTER TABLE paas_audit_events
        ADD COLUMN prev_hash bytea CHECK (octet_length(prev_hash) = 32),
        ADD COLUMN hash bytea CHECK (octet_length(hash) = 32);

      CREATE INDEX IF NOT EXISTS paas_audit_events_by_action ON paas_audit_events (action, created_at DESC);
      CREATE INDEX IF NOT EXISTS paas_audit_events_by_actor ON paas_audit_events (actor_id, id);
      CREATE INDEX IF NOT EXISTS paas_audit_events_by_target ON paas_audit_events (target_id, id);
      CREATE INDEX IF NOT EXISTS paas_audit_events_by_app ON paas_audit_events ((details_jsonb ->> 'app_id'), id);

      -- Links a new row to the last one. The lock is held until the writer's transaction ends, so rows are numbered
      -- and linked in the order in which they become visible. Number and time are the chain's, whatever the writer
      -- gave. It runs as its owner, so that a role which may only insert can insert. A transaction that cannot see the
      -- last row (REPEATABLE READ begun before it) runs into the unique id and fails; it never forks the chain.
      CREATE FUNCTION paas_audit_chain() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
        AS $chain$
        DECLARE
          last_id   bigint;
          last_hash bytea;
          texts     text[];
          utf8      bytea;
          encoded   bytea;
        BEGIN
          PERFORM pg_advisory_xact_lock(1886474611, 1);
          -- By its full name: a temporary table of the same name must not stand in for it.
          EXECUTE format('SELECT id, hash FROM %I.%I ORDER BY id DESC LIMIT 1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
            INTO last_id, last_hash;
          NEW.id := coalesce(last_id, 0) + 1;
          NEW.created_at := clock_timestamp();
          NEW.prev_hash := coalesce(last_hash, decode(repeat('00', 32), 'hex'));

          encoded := convert_to('paas_audit_events 1', 'UTF8')
            || NEW.prev_hash || int8send(NEW.id) || timestamptz_send(NEW.created_at);
          texts := ARRAY[NEW.actor_id::text, NEW.action::text, NEW.target_id::text, NEW.details_jsonb::text];
          FOR i IN 1 .. 4 LOOP
            IF texts[i] IS NULL THEN
              encoded := encoded || int4send(-1);
            ELSE
              utf8 := convert_to(texts[i], 'UTF8');
              encoded := encoded || int4send(octet_length(utf8)) || utf8;
            END IF;
          END LOOP;
          NEW.hash := sha256(encoded);
          RETURN NEW;
        END
        $chain$;

      -- Triggers fire in the order of their names: this one after any that the platform has, or may add.
      CREATE TRIGGER paas_audit_events_zz_chain BEFORE INSERT ON paas_audit_events
        FOR EACH ROW EXECUTE FUNCTION paas_audit_chain();

      CREATE FUNCTION paas_audit_refuse() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog
        AS $refuse$
        BEGIN
          RAISE EXCEPTION 'paas_audit_events is append-only: % is refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
        END
        $refuse$;

      -- For each statement, so that one which hits no row is refused too; for each row, so that one which comes from
      -- elsewhere (a parent table, a cascade) is refused.
      CREATE TRIGGER paas_audit_events_refuse_statement BEFORE UPDATE OR DELETE OR TRUNCATE ON paas_audit_events
        FOR EACH STATEMENT EXECUTE FUNCTION paas_audit_refuse();
      CREATE TRIGGER paas_audit_events_refuse_row BEFORE UPDATE OR DELETE ON paas_audit_events
        FOR EACH ROW EXECUTE FUNCTION paas_audit_refuse();
      -- Also in a session that plays a replica.
      ALTER TABLE paas_audit_events ENABLE ALWAYS TRIGGER paas_audit_events_refuse_statement;
      ALTER TABLE paas_audit_events ENABLE ALWAYS TRIGGER paas_audit_events_refuse_row;

      -- Rows that were here before the chain are not covered by it; the chain begins by saying how many there are.
      INSERT INTO paas_audit_events (id, created_at, action, details_jsonb)
        SELECT 0, now(), 'audit.chain.started', jsonb_build_object('rows_before', count(*), 'last_id_before', max(id))
        FROM paas_audit_events HAVING count(*) > 0;
      """)
}
