-- Runs, their journal, what history shows, leases.
CREATE TABLE definitions (
    hash TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,
    source BYTEA NOT NULL
);

CREATE TABLE runs (
    id TEXT COLLATE "C" PRIMARY KEY,
    flow TEXT COLLATE "C" NOT NULL,
    program TEXT NOT NULL,
    status TEXT NOT NULL,
    position BIGINT NOT NULL,
    owner TEXT COLLATE "C",
    wake_at BIGINT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    code TEXT,
    error BYTEA,
    outputs BYTEA,
    start_key TEXT COLLATE "C",
    parent TEXT,
    client_tracking_id TEXT NOT NULL
);

CREATE UNIQUE INDEX runs_start_key ON runs (start_key) WHERE start_key IS NOT NULL;
CREATE INDEX runs_flow ON runs (flow, id);
CREATE INDEX runs_open ON runs (id) WHERE ended_at IS NULL;

CREATE TABLE journal (
    run_id TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    version BIGINT NOT NULL,
    event BYTEA NOT NULL,
    checksum BIGINT NOT NULL,
    content BYTEA,
    PRIMARY KEY (run_id, position)
);

CREATE TABLE contents (
    hash BYTEA PRIMARY KEY,
    body BYTEA NOT NULL
);

CREATE TABLE actions (
    run_id TEXT COLLATE "C" NOT NULL,
    repetition TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    place BIGINT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    inputs BYTEA,
    inputs_content BYTEA,
    outputs BYTEA,
    outputs_content BYTEA,
    detail BYTEA,
    PRIMARY KEY (run_id, repetition, action)
);

CREATE TABLE leases (
    owner TEXT COLLATE "C" PRIMARY KEY,
    until BIGINT NOT NULL
);

CREATE TABLE inbox (
    id BIGSERIAL PRIMARY KEY,
    run_id TEXT COLLATE "C" NOT NULL,
    event BYTEA NOT NULL
);

CREATE INDEX inbox_run ON inbox (run_id);
