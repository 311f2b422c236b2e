"""2,000 runs of 10 connector actions one after the other, 50 runs in flight, SQLite with synchronous=FULL."""

from __future__ import annotations

from typing import Any

from bench.durable import connector, flow, measure_beside_limit, measure_beside_peers

TITLE = "durable steps per second, 2,000 runs x 10 sequential connector actions, 50 runs in flight (history included)"
BARS = {"share_of_limit": ("at least", 0.15), "times_restate": ("at least", 4), "times_dbos": ("at least", 20)}
# Runs of a peer; those that are slow do fewer, since steps per second are compared.
PEERS = {"restate": 2000, "dbos:shipped": 100, "dbos:wal": 100, "temporal:activities": 50, "temporal:local": 200}


def measure(quick: bool) -> dict[str, Any]:
    actions = {}
    for n in range(10):
        before = [f"Action_{n - 1}"] if n else []
        actions[f"Action_{n}"] = connector(*before, body={"n": n, "name": "order"})
    body = {"id": 7, "value": {"name": "order", "state": "open"}}
    ours = measure_beside_limit(flow(actions), body, runs=200 if quick else 2000, steps=10, in_flight=50)
    counts = {peer: count // 10 for peer, count in PEERS.items()} if quick else PEERS
    return measure_beside_peers(ours, "sequential", counts)
