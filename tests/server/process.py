"""`runafter serve` as a process of its own, its log in a file."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TOKEN = "a-token-for-tests-only"


class Served:
    def __init__(self, base: str, process: subprocess.Popen[str], log: Path) -> None:
        self.base = base
        self.process = process
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def served(
    project: Path, *options: str, home: Path | None = None, env: dict[str, str] | None = None, port: int = 0
) -> Iterator[Served]:
    """Serve `project` on a port of loopback, by default a free one; database and log are in `home`, by default the project's folder."""
    kept = home or project
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = port or probe.getsockname()[1]
    log = kept / "serve.log"
    command = [sys.executable, "-m", "runafter", "serve", str(project), "--db", str(kept / "runs.db")]
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*command, "--port", str(port), *options],
            env={**os.environ, "RUNAFTER_TOKEN": TOKEN, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert "Runafter serves" in process.stdout.readline(), log.read_text()
        base = f"http://127.0.0.1:{port}"
        _wait_for(base)
        yield Served(base, process, log)
    except BaseException:
        print(log.read_text())  # pytest shows it beside the failure
        raise
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


@contextmanager
def tenant_served(seed: Path, home: Path) -> Iterator[str]:
    """Serve an emulated tenant on a free port of loopback; gives its address."""
    log = home / "tenant.log"
    command = [sys.executable, "-m", "runafter", "tenant", "serve", str(seed), "--port", "0"]
    with log.open("a") as errors:
        process = subprocess.Popen(
            [*command, "--state", str(home / "served.db")], stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        told = process.stdout.readline()
        assert "The tenant answers at" in told, log.read_text()
        yield told.split()[-1]
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


def _wait_for(base: str) -> None:
    for _ in range(2000):
        try:
            assert ask("GET", f"{base}/readyz")[0] == 200
        except urllib.error.URLError:
            continue
        return
    raise AssertionError("the server does not answer")


def ask(method: str, url: str, given=None) -> tuple[int, dict, dict]:
    data = json.dumps(given).encode() if given is not None else None
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answered:
            return answered.status, dict(answered.headers), json.loads(answered.read() or b"{}")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, dict(refused.headers), json.loads(refused.read() or b"{}")
