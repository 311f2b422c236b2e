"""One compiled expression, evaluated over and over, beside npm adaptive-expressions in the same run."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TITLE = "evaluations of a compiled concat(toUpper(triggerBody()?['name']), '-', string(add(1, 2))) a second"
BARS = {"ratio": ("at least", 50)}
PEERS = Path(__file__).resolve().parents[2] / ".bench-peers"
EXPRESSION = "@concat(toUpper(triggerBody()?['name']), '-', string(add(1, 2)))"
_SCRIPT = """
const {Expression} = require('adaptive-expressions');
const version = require('adaptive-expressions/package.json').version;
const parsed = Expression.parse("concat(toUpper(body.name), '-', string(add(1, 2)))");
const scope = {body: {name: 'world'}};
const {value} = parsed.tryEvaluate(scope);
if (value !== 'WORLD-3') throw new Error('wrong answer ' + value);
for (let i = 0; i < 2000; i++) parsed.tryEvaluate(scope);
const rates = [];
for (let round = 0; round < 5; round++) {
  const count = 5000, start = process.hrtime.bigint();
  for (let i = 0; i < count; i++) parsed.tryEvaluate(scope);
  rates.push(count / (Number(process.hrtime.bigint() - start) / 1e9));
}
rates.sort((a, b) => a - b);
console.log(JSON.stringify({version, node: process.version, per_second: rates[2]}));
"""


def measure(quick: bool) -> dict[str, Any]:
    from runafter.expressions.evaluate import scope_for
    from runafter.expressions.template import compile_template

    template = compile_template(EXPRESSION)
    scope = scope_for(trigger={"body": {"name": "world"}})
    if template.evaluate(scope) != "WORLD-3":
        raise AssertionError("the expression under test gives another value")
    count = 5_000 if quick else 100_000
    ours = statistics.median(_rate(lambda: template.evaluate(scope), count) for _ in range(5))
    peer = _peer()
    if peer is None:
        return {"runafter_per_second": ours}
    return {
        "runafter_per_second": ours,
        "adaptive_expressions_per_second": peer["per_second"],
        "ratio": ours / peer["per_second"],
        "peer": f"adaptive-expressions {peer['version']} on node {peer['node']}",
    }


def _rate(call: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return count / (time.perf_counter() - start)


def _peer() -> dict[str, Any] | None:
    """Return the peer's figures; None where `make bench-peers` has not installed it."""
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules" / "adaptive-expressions").is_dir():
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".cjs", dir=PEERS) as script:
        script.write(_SCRIPT)
        script.flush()
        done = subprocess.run([node, script.name], check=True, capture_output=True, text=True, cwd=PEERS)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
