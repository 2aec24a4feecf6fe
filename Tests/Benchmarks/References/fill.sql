-- An app with a hundred thousand deploys, and an audit trail of `rows` rows written through its trigger.
INSERT INTO paas_apps (name, namespace, deployment, container) VALUES ('bench', 'octave', 'bench', 'web');
INSERT INTO paas_deployments (
    app_id, request_id, image_ref, image_digest, status, replicas_desired, created_at, finished_at, time_to_ready_ms,
    actor_id, reason, current)
  SELECT a.id, gen_random_uuid()::text, 'harbor.example/octave/bench:v' || n,
    'sha256:' || encode(sha256(n::text::bytea), 'hex'), CASE WHEN n = 100000 THEN 'live' ELSE 'superseded' END, 2,
    now() - (100000 - n) * interval '1 minute', now() - (100000 - n) * interval '1 minute' + interval '20 s', 20000,
    'ci', 'release ' || n, n = 100000
  FROM generate_series(1, 100000) n, paas_apps a;
INSERT INTO paas_audit_events (actor_id, action, target_id, details_jsonb)
  SELECT 'user-' || n % 97,
    (ARRAY['deploy.create', 'deploy.create.succeeded', 'deploy.rollback', 'deploy.rollback.succeeded'])[1 + n % 4],
    gen_random_uuid()::text,
    jsonb_build_object(
      'app_id', a.id, 'app', a.name, 'from_deploy_id', gen_random_uuid(), 'to_deploy_id', gen_random_uuid(),
      'image_ref', 'harbor.example/octave/bench:v' || n,
      'image_digest', 'sha256:' || encode(sha256(n::text::bytea), 'hex'), 'reason', 'errors since v' || n,
      'request_id', gen_random_uuid(), 'warnings', '[]'::jsonb,
      'peer', jsonb_build_object('uid', 1000, 'gid', 1000, 'pid', n, 'user', 'ops'), 'host', 'cp-' || n % 3)
  FROM generate_series(1, :rows) n, paas_apps a;
VACUUM ANALYZE;
