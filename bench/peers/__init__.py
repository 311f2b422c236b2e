"""Other durable engines on the work of the durable cases, where `make bench-peers` has installed them.

Each module beside this one is a program of its own, run by the Python of
`.bench-peers/venv` (no dependency of Runafter's): `python -m bench.peers.restate
sequential 2000`. It prints one JSON object of `steps_per_s`, `steps`, `version` and `where`.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".bench-peers"
PYTHON = INSTALLED / "venv" / "bin" / "python"
BODY = {"id": 7, "value": {"name": "order", "state": "open"}}
IN_FLIGHT = 50


def measure_peer(peer: str, work: str, count: int) -> dict[str, Any]:
    """Return the figures of one variant of a peer; {} where peers are not installed.

    `work` is `sequential` (`count` runs of ten steps) or `loop` (one run of `count`
    items of three steps); `peer` a module's name, with a variant after a colon.

    Raises:
        RuntimeError: the peer is installed and failed.
    """
    if not PYTHON.exists():
        return {}
    module, _, variant = peer.partition(":")
    done = subprocess.run(
        [str(PYTHON), "-m", f"bench.peers.{module}", work, str(count), *([variant] if variant else [])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{peer} failed on {work}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure_peers(work: str, counts: dict[str, int]) -> dict[str, Any]:
    """Return the figures of every variant in `counts` (runs or items each), flat and named after it."""
    figures: dict[str, Any] = {}
    for peer, count in counts.items():
        found = measure_peer(peer, work, count)
        if found:
            name = peer.replace(":", "_")
            figures[f"{name}_steps_per_s"] = found["steps_per_s"]
            figures[f"{name}_steps"] = float(found["steps"])
            figures[f"{name}_version"] = found["version"]
            figures[f"{name}_is"] = found["where"]
    return figures
