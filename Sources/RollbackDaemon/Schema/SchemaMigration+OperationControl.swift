extension SchemaMigration {
  /// What others than the holder may want of a running operation, and what a holder has begun that its successor must
  /// go on with; and notifications, so that nobody waits longer than he must.
  static let operationControl = SchemaMigration(
    number: 3,
    name: "operation control",
    sql: """
      ALTER TABLE paas_deployments
        -- Somebody wants the operation to end: {"by": "...", "actorID": "...", "reason": "..."}. Its holder carries it out.
        ADD COLUMN cancel_requested jsonb CHECK (jsonb_typeof(cancel_requested) = 'object'),
        -- The image that ran before is being put back, and why: written before anything is patched for it.
        ADD COLUMN revert jsonb CHECK (jsonb_typeof(revert) = 'object');

      -- Who waits for a deploy's end is told, whichever program ended it.
      CREATE FUNCTION paas_deployment_ended() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog
        AS $ended$
        BEGIN
          PERFORM pg_notify('paas_rollbackd', 'ended ' || NEW.id || ' ' || NEW.app_id);
          RETURN NULL;
        END
        $ended$;

      CREATE TRIGGER paas_deployments_ended AFTER UPDATE OF status ON paas_deployments
        FOR EACH ROW WHEN (OLD.status IN ('building', 'deploying') AND NEW.status NOT IN ('building', 'deploying'))
        EXECUTE FUNCTION paas_deployment_ended();
      """)
}
