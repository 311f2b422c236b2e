-- Ranks: runs before what refers to them, the guard before the events it guards.

-- name: insert_definition bulk 0
INSERT INTO definitions (hash, name, source) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
ON CONFLICT DO NOTHING

-- name: insert_run bulk 1
INSERT INTO runs (id, flow, program, status, position, owner, started_at, start_key, parent, client_tracking_id)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[])

-- name: move_position guard 2
UPDATE runs SET position = v.following FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS v (id, owner, expected, following)
WHERE runs.id = v.id AND runs.owner = v.owner AND runs.position = v.expected

-- name: insert_content bulk 3
INSERT INTO contents (hash, body) SELECT * FROM unnest($1::bytea[], $2::bytea[])
ON CONFLICT DO NOTHING

-- name: insert_event bulk 4
INSERT INTO journal (run_id, position, version, event, checksum, content) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bigint[], $6::bytea[])

-- name: insert_action bulk 5
INSERT INTO actions (run_id, repetition, action, place, type, status, code, started_at, ended_at,
    inputs, inputs_content, outputs, outputs_content, detail)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[])
ON CONFLICT (run_id, repetition, action) DO UPDATE SET place = excluded.place, type = excluded.type, status = excluded.status,
    code = excluded.code, started_at = excluded.started_at, ended_at = excluded.ended_at, inputs = excluded.inputs,
    inputs_content = excluded.inputs_content, outputs = excluded.outputs, outputs_content = excluded.outputs_content,
    detail = excluded.detail

-- name: finish_run bulk 6
UPDATE runs SET status = v.status, ended_at = v.ended_at, code = v.code, error = v.error, outputs = v.outputs,
    owner = NULL, wake_at = NULL
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[])
    AS v (id, status, ended_at, code, error, outputs) WHERE runs.id = v.id

-- name: delete_actions single 0
DELETE FROM actions WHERE run_id = $1

-- name: read_definition single
SELECT name, source FROM definitions WHERE hash = $1

-- name: read_journal single
SELECT j.position, j.version, j.event, j.checksum, j.content, c.body
FROM journal j LEFT JOIN contents c ON c.hash = j.content WHERE j.run_id = $1 ORDER BY j.position

-- name: read_beginning single
SELECT j.position, j.version, j.event, j.checksum, j.content, c.body
FROM journal j LEFT JOIN contents c ON c.hash = j.content WHERE j.run_id = $1 AND j.position = 0

-- name: read_run single
SELECT id, flow, program, status, position, owner, wake_at, started_at, ended_at, code, error, outputs, start_key, parent,
    client_tracking_id FROM runs WHERE id = $1

-- name: read_run_by_key single
SELECT id FROM runs WHERE start_key = $1

-- name: read_content single
SELECT body FROM contents WHERE hash = $1

-- name: renew_lease single
-- the server's clock decides, so that hosts need not agree on the time
INSERT INTO leases (owner, until) VALUES ($1, $2::bigint * 0 + (EXTRACT(EPOCH FROM clock_timestamp()) * 10000000)::bigint + 621355968000000000 + $3::bigint)
ON CONFLICT (owner) DO UPDATE SET until = excluded.until RETURNING until

-- name: end_lease single
DELETE FROM leases WHERE owner = $1

-- name: take_runs single
UPDATE runs SET owner = $1, wake_at = NULL, status = 'Running' WHERE id IN (
    SELECT id FROM runs WHERE ended_at IS NULL AND (wake_at IS NULL OR wake_at <= $2::bigint) AND (
        owner IS NULL OR owner NOT IN (SELECT owner FROM leases WHERE until > (EXTRACT(EPOCH FROM clock_timestamp()) * 10000000)::bigint + 621355968000000000))
    ORDER BY id DESC LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id

-- name: take_run single
UPDATE runs SET owner = $1, wake_at = NULL, status = 'Running' WHERE id = $3 AND ended_at IS NULL AND ($2::bigint > 0) AND (
    owner IS NULL OR owner = $1 OR owner NOT IN (SELECT owner FROM leases WHERE until > (EXTRACT(EPOCH FROM clock_timestamp()) * 10000000)::bigint + 621355968000000000))
RETURNING id

-- name: release_run single
UPDATE runs SET owner = NULL, wake_at = $3, status = $4 WHERE id = $1 AND owner = $2 AND ended_at IS NULL RETURNING id

-- name: release_all single
UPDATE runs SET owner = NULL WHERE owner = $1 AND ended_at IS NULL RETURNING id

-- name: read_owners single
SELECT owner FROM leases

-- name: read_living single
SELECT owner FROM leases WHERE until > (EXTRACT(EPOCH FROM clock_timestamp()) * 10000000)::bigint + 621355968000000000 AND $1::bigint > 0

-- name: read_owned single
SELECT id FROM runs WHERE owner = $1 AND ended_at IS NULL

-- name: read_parked single
SELECT id, wake_at FROM runs WHERE ended_at IS NULL AND owner IS NULL AND wake_at > $1 ORDER BY wake_at LIMIT $2

-- name: purge_leases single
DELETE FROM leases WHERE until < (EXTRACT(EPOCH FROM clock_timestamp()) * 10000000)::bigint + 621355968000000000 AND $1::bigint > 0 AND owner NOT IN (SELECT owner FROM runs WHERE owner IS NOT NULL AND ended_at IS NULL)
RETURNING owner

-- name: insert_mail single
INSERT INTO inbox (run_id, event) VALUES ($1, $2) RETURNING id

-- name: read_mail single
SELECT i.id, i.run_id, i.event FROM inbox i JOIN runs r ON r.id = i.run_id WHERE r.owner = $1 ORDER BY i.id

-- name: read_run_mail single
SELECT i.id, i.run_id, i.event FROM inbox i WHERE i.run_id = $1 ORDER BY i.id

-- name: delete_mail single 6
DELETE FROM inbox WHERE id = $1

-- name: purge_mail single
DELETE FROM inbox WHERE run_id IN (SELECT id FROM runs WHERE ended_at IS NOT NULL) RETURNING id

-- name: delete_journal single 0
DELETE FROM journal WHERE run_id = $1

-- name: delete_run single 1
DELETE FROM runs WHERE id = $1 AND ended_at IS NOT NULL

-- name: purge_contents single
DELETE FROM contents WHERE NOT EXISTS (SELECT 1 FROM journal j WHERE j.content = contents.hash)
    AND NOT EXISTS (SELECT 1 FROM actions a WHERE a.inputs_content = contents.hash OR a.outputs_content = contents.hash)
RETURNING hash
