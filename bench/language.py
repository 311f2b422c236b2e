"""What the language rooms cost: evaluation beside npm adaptive-expressions, compiling, reading, building, start-up.

Every figure of one call is taken in one process tree on one machine, one after
the other, so that ratios hold on a noisy machine; absolute figures do not.
"""

from __future__ import annotations

import gzip
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
PEERS = ROOT / ".bench-peers"
PEER_VERSION = "4.23.3"
EXPRESSION = "concat(toUpper(triggerBody()?['name']), '-', string(add(1, 2)))"
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


def evaluations() -> dict[str, Any]:
    """Evaluations per second of one compiled expression, ours and adaptive-expressions', and the ratio."""
    from runafter.expressions.evaluate import scope_for
    from runafter.expressions.template import compile_template

    template = compile_template("@" + EXPRESSION)
    scope = scope_for(trigger={"body": {"name": "world"}})
    if template.evaluate(scope) != "WORLD-3":
        raise AssertionError("the expression under test gives another value")
    ours = statistics.median(_rate(lambda: template.evaluate(scope), 50_000) for _ in range(5))
    result: dict[str, Any] = {"expression": EXPRESSION, "runafter_per_second": round(ours)}
    peer = _peer()
    if peer is None:
        result["adaptive_expressions"] = "not installed: run `make bench-peers` (needs npm)"
        return result
    result["adaptive_expressions_per_second"] = round(peer["per_second"])
    result["adaptive_expressions_version"] = peer["version"]
    result["node_version"] = peer["node"]
    result["ratio"] = round(ours / peer["per_second"], 1)
    return result


def compiling() -> dict[str, Any]:
    """Microseconds to parse and compile one expression that was not seen before."""
    from runafter.expressions.template import compile_template

    texts = [
        f"@concat(toUpper(triggerBody()?['name{index}']), '-', string(add(1, {index})))" for index in range(10_000)
    ]
    rounds = []
    for part in range(5):
        chosen = texts[part * 2_000 : (part + 1) * 2_000]
        start = time.perf_counter()
        for text in chosen:
            compile_template(text)
        rounds.append((time.perf_counter() - start) / len(chosen) * 1e6)
    return {"us_per_expression": round(statistics.median(rounds), 1)}


def largest_definition() -> dict[str, Any]:
    """Milliseconds to read, check and build the definition with the most text among the public flows at hand."""
    from runafter import build, problems, read

    source, where = _largest()
    reading, checking, building = [], [], []
    for _ in range(5):
        start = time.perf_counter()
        (definition,) = read(source)
        reading.append(time.perf_counter() - start)
        start = time.perf_counter()
        problems(definition)
        checking.append(time.perf_counter() - start)
        start = time.perf_counter()
        build(definition)
        building.append(time.perf_counter() - start)
    return {
        "definition": where,
        "bytes": len(source),
        "read_ms": round(statistics.median(reading) * 1e3, 1),
        "problems_ms": round(statistics.median(checking) * 1e3, 1),
        "build_ms": round(statistics.median(building) * 1e3, 1),
    }


def start_up() -> dict[str, Any]:
    """Milliseconds of `import runafter` and of `runafter --help`, above a bare interpreter and whole."""
    bare = _process([sys.executable, "-c", "pass"])
    imported = _process([sys.executable, "-c", "import runafter"])
    helped = _process([sys.executable, "-m", "runafter", "--help"])
    return {
        "python_ms": round(bare, 1),
        "import_ms": round(imported - bare, 1),
        "help_ms": round(helped, 1),
        "python_version": sys.version.split()[0],
    }


CASES = {
    "expressions": evaluations,
    "compile": compiling,
    "largest_definition": largest_definition,
    "start_up": start_up,
}


def _rate(call: Any, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return count / (time.perf_counter() - start)


def _process(command: list[str]) -> float:
    spent = []
    for _ in range(11):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        spent.append((time.perf_counter() - start) * 1e3)
    return statistics.median(spent)


def _peer() -> dict[str, Any] | None:
    node = shutil.which("node")
    if node is None or not (PEERS / "node_modules" / "adaptive-expressions").is_dir():
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".cjs", dir=PEERS) as script:
        script.write(_SCRIPT)
        script.flush()
        done = subprocess.run([node, script.name], check=True, capture_output=True, text=True, cwd=PEERS)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _largest() -> tuple[bytes, str]:
    best = b""
    where = "examples"
    for path in sorted((ROOT / "examples").glob("*/flow.json")):
        data = path.read_bytes()
        if len(data) > len(best):
            best, where = data, path.relative_to(ROOT).as_posix()
    for archive in sorted((SHARED / "corpus").glob("*.jsonl.gz")):
        with gzip.open(archive, "rt", encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                data = json.dumps({"definition": record["definition"]}, indent=2).encode()
                if len(data) > len(best):
                    best, where = data, f"{record['source']}: {record['path']}"
    return best, where
