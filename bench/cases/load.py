"""A server under requests: how many a second one process accepts, and that every accepted run ends, over `kill -9` too."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

TITLE = "load: Request triggers accepted by one process, SQLite with full sync, a flow of five actions and one connector call"
BARS = {
    "accepted_per_s": ("at least", 1000),
    "p99_ms": ("at most", 100),
    "lost": ("at most", 0),
    "lost_after_kill": ("at most", 0),
    "lost_after_sigterm": ("at most", 0),
    "sigterm_s": ("at most", 5),
    "sigterm_under_load_s": ("at most", 5),
}
OPEN = {"Running", "Waiting"}
TOKEN = "a-token-for-benchmarks-only"
SITE = "https://contoso.sharepoint.com/sites/Operations"
SCHEMA = "https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
CONNECTIONS = 32
"""Requests in flight: with one processor at its end, an answer takes connections / rate, so more of them only wait longer."""
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n, threads = 0, {}
function setup(thread) table.insert(threads, thread); thread:set("id", #threads) end
function init(args) ids = io.open("@IDS@" .. id, "w"); ids:setvbuf("full", 65536) end
function request() n = n + 1; return wrk.format(nil, nil, nil, '{"order": ' .. n .. ', "total": 12.5}') end
function response(status, headers, body)
  if status == 202 then ids:write(headers["x-ms-workflow-run-id"], "\\n") else ids:write("! ", status, "\\n") end
end
"""


def flow() -> dict[str, Any]:
    """Return a flow of five actions, one of which creates a list item."""
    host = {
        "apiId": "/providers/Microsoft.PowerApps/apis/shared_sharepointonline",
        "connectionName": "shared_sharepointonline",
        "operationId": "PostItem",
    }
    title = {"dataset": SITE, "table": "Orders", "item/Title": "@{outputs('Title')}"}

    def after(name: str) -> dict[str, list[str]]:
        return {name: ["Succeeded"]}

    actions = {
        "Title": {"type": "Compose", "inputs": "Order @{triggerBody()?['order']}", "runAfter": {}},
        "Tax": {"type": "Compose", "inputs": "@mul(triggerBody()?['total'], 0.2)", "runAfter": after("Title")},
        "Create_item": {
            "type": "OpenApiConnection",
            "inputs": {"host": host, "parameters": title},
            "runAfter": after("Tax"),
        },
        "Id": {"type": "Compose", "inputs": "@body('Create_item')?['ID']", "runAfter": after("Create_item")},
        "Line": {"type": "Compose", "inputs": "@{outputs('Id')}: @{outputs('Tax')}", "runAfter": after("Id")},
    }
    return {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "triggers": {"start": {"type": "Request", "kind": "Http", "inputs": {}}},
        "actions": actions,
    }


class Served:
    """A `runafter serve` in a process of its own on one database."""

    def __init__(self, folder: Path, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "runafter", "serve", str(folder / "project")]
        command += ["--db", str(folder / "runs.db"), "--port", str(port), "--no-watch", "--tenant-profile", "unlimited"]
        environment = {**os.environ, "RUNAFTER_TOKEN": TOKEN}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        began = time.monotonic()
        while True:
            try:
                self.ask("GET", "/readyz")
                return
            except OSError:
                if time.monotonic() - began > 60 or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def ask(self, method: str, path: str) -> Any:
        asked = urllib.request.Request(self.base + path, headers={"Authorization": f"Bearer {TOKEN}"}, method=method)
        with urllib.request.urlopen(asked, timeout=30) as answered:
            return json.loads(answered.read())

    def address(self) -> str:
        path = "/runtime/webhooks/workflow/api/management/workflows/orders/triggers/start/listCallbackUrl"
        return str(self.ask("POST", path)["value"])

    def end(self, number: int) -> float:
        """Send a signal; return the seconds until the process was gone."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(60)
        return time.monotonic() - began


class Stream(threading.Thread):
    """A client of the live events, reading for as long as there is something to read."""

    def __init__(self, base: str) -> None:
        super().__init__(daemon=True)
        asked = urllib.request.Request(f"{base}/api/events", headers={"Authorization": f"Bearer {TOKEN}"})
        self._answered = urllib.request.urlopen(asked, timeout=60)
        self.count = 0
        self.start()

    def run(self) -> None:
        rest = b""
        try:
            while chunk := self._answered.read1(1 << 20):
                text = rest + chunk
                self.count += text.count(b"\nevent:")
                rest = text[-6:]  # shorter than what is looked for: nothing counts twice
        except OSError:
            pass


@contextmanager
def place() -> Iterator[tuple[Path, int]]:
    """Make a folder with a project, and find a free port."""
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        folder = Path(name)
        home = folder / "project" / "flows" / "orders"
        home.mkdir(parents=True)
        (home / "flow.json").write_text(json.dumps(flow()))
        (folder / "load.lua").write_text(SCRIPT.replace("@IDS@", str(folder / "ids.")))
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        yield folder, port


def wrk(folder: Path, address: str, seconds: int) -> subprocess.Popen[str]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    command += ["-s", str(folder / "load.lua"), address]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def accepted(folder: Path) -> tuple[set[str], list[str]]:
    """Return the runs whose 202 reached the client, and other answers."""
    lines = [line for path in folder.glob("ids.*") for line in path.read_text().splitlines()]
    return {line for line in lines if not line.startswith("!")}, [line for line in lines if line.startswith("!")]


def ends(folder: Path, limit_s: float) -> dict[str, str]:
    """Wait until no run is under way; return the statuses by run as the database has them."""
    began = time.monotonic()
    while True:
        found = statuses(folder)
        if time.monotonic() - began > limit_s or not OPEN & set(found.values()):
            return found
        time.sleep(0.1)


def statuses(folder: Path) -> dict[str, str]:
    with closing(sqlite3.connect(f"file:{folder / 'runs.db'}?mode=ro", uri=True, timeout=30)) as database:
        return dict(database.execute("SELECT id, status FROM runs").fetchall())


def milliseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]


def percentile(output: str, wanted: str) -> float:
    return milliseconds(re.search(rf"^\s+{wanted}%\s+(\S+)", output, re.MULTILINE)[1])  # type: ignore[index]


def measure(quick: bool) -> dict[str, float]:
    if shutil.which("wrk") is None:
        raise SystemExit("this case needs wrk: apt-get install wrk")
    seconds = 3 if quick else 30
    figures: dict[str, float] = {}
    with place() as (folder, port):
        server = Served(folder, port)
        stream = Stream(server.base)
        client = wrk(folder, server.address(), seconds)
        output, _ = client.communicate()
        runs, others = accepted(folder)
        figures["accepted_per_s"] = len(runs) / seconds
        figures |= {f"p{wanted}_ms": percentile(output, wanted) for wanted in ("50", "90", "99")}
        began = time.monotonic()
        found = ends(folder, 120)
        figures["drained_s"] = time.monotonic() - began
        figures["accepted"] = len(runs)
        figures["not_accepted"] = len(others)
        figures["lost"] = sum(found.get(run) != "Succeeded" for run in runs)
        figures["live_events"] = stream.count
        figures["sigterm_s"] = server.end(signal.SIGTERM)
    for name, number in (("kill", signal.SIGKILL), ("sigterm", signal.SIGTERM)):
        figures |= interrupted(name, number, seconds)
    return figures


def interrupted(name: str, number: int, seconds: int) -> dict[str, float]:
    """Stop the server in the middle of the load, a stream open, and start it again: no accepted run may be lost."""
    with place() as (folder, port):
        server = Served(folder, port)
        Stream(server.base)
        client = wrk(folder, server.address(), seconds)
        time.sleep(seconds / 2)
        stopped_s = server.end(number)
        under_way = sum(status in OPEN for status in statuses(folder).values())
        server = Served(folder, port)
        client.communicate()
        runs, _ = accepted(folder)
        found = ends(folder, 120)
        server.end(signal.SIGTERM)
        figures = {
            f"accepted_around_{name}": len(runs),
            f"under_way_at_{name}": under_way,
            f"lost_after_{name}": sum(found.get(run) != "Succeeded" for run in runs),
        }
        return figures if number == signal.SIGKILL else {**figures, "sigterm_under_load_s": stopped_s}
