-- Runs, their journal, what history shows, leases.
CREATE TABLE definitions (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    source BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    flow TEXT NOT NULL,
    program TEXT NOT NULL,
    status TEXT NOT NULL,
    position INTEGER NOT NULL,
    owner TEXT,
    wake_at INTEGER,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    code TEXT,
    error BLOB,
    outputs BLOB,
    start_key TEXT,
    parent TEXT,
    client_tracking_id TEXT NOT NULL
) WITHOUT ROWID;

CREATE UNIQUE INDEX runs_start_key ON runs (start_key) WHERE start_key IS NOT NULL;
CREATE INDEX runs_flow ON runs (flow, id);
CREATE INDEX runs_open ON runs (id) WHERE ended_at IS NULL;

CREATE TABLE journal (
    run_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    event BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    content BLOB
);

CREATE UNIQUE INDEX journal_position ON journal (run_id, position);

CREATE TABLE contents (
    hash BLOB PRIMARY KEY,
    body BLOB NOT NULL
);

CREATE TABLE actions (
    run_id TEXT NOT NULL,
    repetition TEXT NOT NULL,
    action TEXT NOT NULL,
    place INTEGER NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    code TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    inputs BLOB,
    inputs_content BLOB,
    outputs BLOB,
    outputs_content BLOB,
    detail BLOB
);

CREATE UNIQUE INDEX actions_place ON actions (run_id, repetition, action);

CREATE TABLE leases (
    owner TEXT PRIMARY KEY,
    until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    event BLOB NOT NULL
);

CREATE INDEX inbox_run ON inbox (run_id);
