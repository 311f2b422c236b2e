-- Flows, their immutable versions, triggers, de-duplication, waiting runs, secrets, tokens, the inbox.
CREATE TABLE flows (
    name TEXT COLLATE "C" PRIMARY KEY,
    title TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    meta BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    enabled_at BIGINT NOT NULL
);

CREATE TABLE flow_versions (
    flow TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    program TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    source BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (flow, version)
);

CREATE TABLE trigger_states (
    flow TEXT COLLATE "C" NOT NULL,
    trigger_name TEXT COLLATE "C" NOT NULL,
    due_at BIGINT,
    state BYTEA NOT NULL,
    PRIMARY KEY (flow, trigger_name)
);

CREATE TABLE trigger_histories (
    id TEXT COLLATE "C" PRIMARY KEY,
    flow TEXT COLLATE "C" NOT NULL,
    trigger_name TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    code TEXT COLLATE "C",
    fired BIGINT NOT NULL,
    run_id TEXT COLLATE "C",
    scheduled_at BIGINT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    client_tracking_id TEXT COLLATE "C" NOT NULL,
    origin TEXT COLLATE "C",
    detail BYTEA
);

CREATE INDEX trigger_histories_flow ON trigger_histories (flow, trigger_name, id);

CREATE TABLE event_keys (
    flow TEXT COLLATE "C" NOT NULL,
    event_key TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (flow, event_key)
);

CREATE TABLE waiting_runs (
    run_id TEXT COLLATE "C" PRIMARY KEY,
    flow TEXT COLLATE "C" NOT NULL,
    trigger_name TEXT COLLATE "C" NOT NULL,
    version TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    event BYTEA NOT NULL
);

CREATE TABLE secrets (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_tokens (
    digest TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    until BIGINT
);

CREATE TABLE inbox_items (
    id TEXT COLLATE "C" PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    flow TEXT COLLATE "C" NOT NULL,
    run_id TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    detail BYTEA NOT NULL
);

CREATE INDEX inbox_items_run ON inbox_items (run_id)
