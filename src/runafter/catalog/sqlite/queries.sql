-- Ranks: a key that ran out goes before a new claim on it; claims before what they guard.

-- name: drop_spent_key single 0
DELETE FROM event_keys WHERE flow = $1 AND event_key = $2 AND until <= $3

-- name: insert_key bulk 1
INSERT INTO event_keys (flow, event_key, run_id, until) VALUES ($1, $2, $3, $4)

-- name: delete_waiting single 1
DELETE FROM waiting_runs WHERE run_id = $1

-- name: insert_history bulk 7
INSERT OR REPLACE INTO trigger_histories (id, flow, trigger_name, status, code, fired, run_id, scheduled_at, started_at, ended_at,
    client_tracking_id, origin, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: insert_waiting single 7
INSERT INTO waiting_runs (run_id, flow, trigger_name, version, since, event) VALUES ($1, $2, $3, $4, $5, $6)

-- name: put_trigger single 7
INSERT INTO trigger_states (flow, trigger_name, due_at, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (flow, trigger_name) DO UPDATE SET due_at = excluded.due_at, state = excluded.state

-- name: put_flow single 7
INSERT INTO flows (name, title, state, version, meta, created_at, changed_at, enabled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (name) DO UPDATE SET title = excluded.title, version = excluded.version, meta = excluded.meta,
    changed_at = excluded.changed_at

-- name: insert_version single 7
INSERT INTO flow_versions (flow, version, program, digest, source, created_at) VALUES ($1, $2, $3, $4, $5, $6)

-- name: put_inbox single 7
INSERT INTO inbox_items (id, kind, flow, run_id, status, created_at, closed_at, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, closed_at = excluded.closed_at, detail = excluded.detail

-- name: set_state single
UPDATE flows SET state = $2, changed_at = $3, enabled_at = $4 WHERE name = $1 RETURNING name

-- name: delete_flow single
DELETE FROM flows WHERE name = $1 RETURNING name

-- name: read_flows single
SELECT name, title, state, version, meta, created_at, changed_at, enabled_at FROM flows ORDER BY name

-- name: read_flow single
SELECT name, title, state, version, meta, created_at, changed_at, enabled_at FROM flows WHERE name = $1

-- name: read_versions single
SELECT flow, version, program, digest, created_at FROM flow_versions WHERE flow = $1 ORDER BY version

-- name: read_version single
SELECT flow, version, program, digest, created_at, source FROM flow_versions WHERE flow = $1 AND version = $2

-- name: read_triggers single
SELECT flow, trigger_name, due_at, state FROM trigger_states ORDER BY flow, trigger_name

-- name: read_key single
SELECT run_id FROM event_keys WHERE flow = $1 AND event_key = $2 AND until > $3

-- name: purge_keys single
DELETE FROM event_keys WHERE until <= $1 RETURNING event_key

-- name: read_waiting single
SELECT run_id, flow, trigger_name, version, since, event FROM waiting_runs ORDER BY since, run_id DESC

-- name: put_secret single
INSERT INTO secrets (name, value, created_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET value = excluded.value, created_at = excluded.created_at RETURNING value

-- name: keep_secret single
INSERT INTO secrets (name, value, created_at) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value

-- name: read_secret single
SELECT value FROM secrets WHERE name = $1

-- name: insert_token single
INSERT INTO api_tokens (digest, name, created_at, until) VALUES ($1, $2, $3, $4) RETURNING digest

-- name: read_tokens single
SELECT digest, name, created_at, until FROM api_tokens ORDER BY name, created_at

-- name: delete_token single
DELETE FROM api_tokens WHERE digest = $1 RETURNING digest

-- name: read_inbox_item single
SELECT id, kind, flow, run_id, status, created_at, closed_at, detail FROM inbox_items WHERE id = $1

-- name: purge_histories single
DELETE FROM trigger_histories WHERE started_at < $1 RETURNING id
