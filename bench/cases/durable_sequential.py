"""2,000 runs of 10 connector actions one after the other, 50 runs in flight, SQLite with synchronous=FULL."""

from __future__ import annotations

from bench.durable import connector, flow, measure_beside_limit

TITLE = "durable steps per second, 2,000 runs x 10 sequential connector actions, 50 runs in flight (history included)"
BARS = {"share_of_limit": ("at least", 0.15)}


def measure(quick: bool) -> dict[str, float]:
    actions = {}
    for n in range(10):
        before = [f"Action_{n - 1}"] if n else []
        actions[f"Action_{n}"] = connector(*before, body={"n": n, "name": "order"})
    body = {"id": 7, "value": {"name": "order", "state": "open"}}
    return measure_beside_limit(flow(actions), body, runs=200 if quick else 2000, steps=10, in_flight=50)
