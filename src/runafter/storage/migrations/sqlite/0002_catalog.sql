-- Flows, their immutable versions, triggers, de-duplication, waiting runs, secrets, tokens, the inbox.
CREATE TABLE flows (
    name TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    state TEXT NOT NULL,
    version TEXT NOT NULL,
    meta BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    enabled_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE flow_versions (
    flow TEXT NOT NULL,
    version TEXT NOT NULL,
    program TEXT NOT NULL,
    digest TEXT NOT NULL,
    source BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (flow, version)
);

CREATE TABLE trigger_states (
    flow TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    due_at INTEGER,
    state BLOB NOT NULL,
    PRIMARY KEY (flow, trigger_name)
) WITHOUT ROWID;

CREATE TABLE trigger_histories (
    id TEXT PRIMARY KEY,
    flow TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    fired INTEGER NOT NULL,
    run_id TEXT,
    scheduled_at INTEGER,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    client_tracking_id TEXT NOT NULL,
    origin TEXT,
    detail BLOB
) WITHOUT ROWID;

CREATE INDEX trigger_histories_flow ON trigger_histories (flow, trigger_name, id);

CREATE TABLE event_keys (
    flow TEXT NOT NULL,
    event_key TEXT NOT NULL,
    run_id TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (flow, event_key)
) WITHOUT ROWID;

CREATE TABLE waiting_runs (
    run_id TEXT PRIMARY KEY,
    flow TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    version TEXT NOT NULL,
    since INTEGER NOT NULL,
    event BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE api_tokens (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    until INTEGER
) WITHOUT ROWID;

CREATE TABLE inbox_items (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    flow TEXT NOT NULL,
    run_id TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    closed_at INTEGER,
    detail BLOB NOT NULL
) WITHOUT ROWID;

CREATE INDEX inbox_items_run ON inbox_items (run_id)
