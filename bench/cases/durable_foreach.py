"""One run of 10,000 items x 3 connector actions, 50 in flight, SQLite with synchronous=FULL."""

from __future__ import annotations

from typing import Any

from bench.durable import connector, flow, measure_beside_limit, measure_beside_peers

TITLE = "durable steps per second, one run, 10,000 items x 3 connector actions, 50 items in flight (history included)"
BARS = {"share_of_limit": ("at least", 0.15), "times_restate": ("at least", 4), "times_dbos": ("at least", 20)}
# Items of a peer's run; those that are slow do fewer, since steps per second are compared.
PEERS = {"restate": 10_000, "dbos:shipped": 300, "dbos:wal": 300, "temporal:activities": 300, "temporal:local": 1000}


def measure(quick: bool) -> dict[str, Any]:
    items = 1000 if quick else 10_000
    loop = {
        "type": "Foreach",
        "foreach": f"@range(0, {items})",
        "runAfter": {},
        "runtimeConfiguration": {"concurrency": {"repetitions": 50}},
        "actions": {
            "First": connector(body={"n": "@items('Loop')"}),
            "Second": connector("First", body={"n": "@items('Loop')"}),
            "Third": connector("Second", body={"n": "@items('Loop')"}),
        },
    }
    body = {"id": 7, "value": {"name": "order", "state": "open"}}
    ours = measure_beside_limit(flow({"Loop": loop}), body, runs=1, steps=items * 3, in_flight=50)
    counts = {peer: count // 10 for peer, count in PEERS.items()} if quick else PEERS
    return measure_beside_peers(ours, "loop", counts)
