"""What `make demo` shows: the samples on a server and an emulated tenant, a few runs to watch in the browser.

No account, no network. At a terminal it serves until Ctrl-C; elsewhere until the runs are over, a minute at most.
`--port N` chooses the port, `--seconds N` the end, `--home DIR` where the database lies.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".runafter" / "demo"
PAGE = ROOT / "src/runafter/server/static/index.html"
USUAL_PORT = 7071
UNATTENDED_S = 60.0
_IS_TERMINAL = sys.stdout.isatty()

RUNS = (
    ("order_fan_out", None, "the ledger refuses: watch Compensate undo it backwards"),
    ("employee_onboarding", None, "six hires, thirty actions each, a directory that throttles; one hire is undone"),
    ("weekly_reports", None, "thirty items; two fail alone: the loop's pager goes to them"),
    ("order_fan_out", "triggers/out_of_stock.json", "refused before anything was written"),
    ("support_escalation", None, "waits for somebody to take the ticket: see Approvals"),
)
"""Flow, trigger body beside it (None: its trigger.json), and what to look at."""


class Stopped(Exception):
    """Somebody asked for the end."""


def main() -> int:
    """Serve, fire, tell what happens, stop."""
    parser = argparse.ArgumentParser(prog="make demo", description="Serve the samples and watch a few runs.")
    parser.add_argument("--port", type=int, default=None)
    parser.add_argument("--home", type=Path, default=HOME, help="folder of the databases, which are made anew")
    parser.add_argument("--seconds", type=float, default=None, help="serve for so long; default: until Ctrl-C")
    given = parser.parse_args()
    seconds = given.seconds if given.seconds is not None or _IS_TERMINAL else UNATTENDED_S
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    home: Path = given.home
    home.mkdir(parents=True, exist_ok=True)
    for old in home.glob("*.db*"):
        old.unlink()
    print(_bold("Starting the server on the five samples ..."), flush=True)
    server = _serve(home, given.port or _free_port())
    try:
        _show(server, home, seconds)
    except Stopped:
        pass
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        server.terminate()
        server.wait(30)
    print("\nStopped. Runs under way are kept; they go on with:")
    print(f"  .venv/bin/runafter serve examples --db {_shown(home)}/runs.db")
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped


def _serve(home: Path, port: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "runafter", "serve", "examples", "--port", str(port), "--no-watch"]
    command += ["--db", str(home / "runs.db"), "--tenant-profile", "documented"]
    command += ["--faults", "examples/demo_faults.yaml"]
    own = {name: value for name, value in os.environ.items() if name != "RUNAFTER_TOKEN"}
    with (home / "server.log").open("w") as log:
        # A session of its own: Ctrl-C reaches this process alone, which then stops the server.
        return subprocess.Popen(
            command, cwd=ROOT, env=own, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
        )


def _free_port() -> int:
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise SystemExit("no port is free on 127.0.0.1")


def _show(server: subprocess.Popen[str], home: Path, seconds: float | None) -> None:
    assert server.stdout is not None
    said = server.stdout.readline()
    if "#token=" not in said:
        raise SystemExit(f"the server did not start:\n{said}{(home / 'server.log').read_text()}")
    address = said.split()[-1]
    base, token = address.split("#token=")
    began = time.monotonic()
    print(f"\n  {_bold(address)}\n")
    if PAGE.is_file():
        print("Open it to watch. The runs:" if not _open(address) else "It opens in your browser. The runs:")
    else:
        print("The web page was not built (make ui says why); here is what it would show. The runs:")
    fired = [_fire(base, token, *run) for run in RUNS]
    print(_bold("\nWhat happens:"), flush=True)
    left = dict(fired)
    while left and (seconds is None or time.monotonic() - began < seconds):
        left = _tell_ends(base, token, left)
        time.sleep(0.5)
    for flow in left.values():
        print(f"  {flow:<20} still under way")
    _say_next(base, home)
    while _IS_TERMINAL and (seconds is None or time.monotonic() - began < seconds):
        time.sleep(0.5)


def _fire(base: str, token: str, flow: str, body: str | None, look: str) -> tuple[str, str]:
    content = json.loads((ROOT / "examples" / flow / (body or "trigger.json")).read_text())
    answered = _ask(base, token, f"api/flows/{flow}/run", {"body": content})
    run = answered["fired"][0]["run"]
    print(f"  {flow:<20} {look}\n  {'':<20} {_dim(f'{base}runs/{run}')}", flush=True)
    return run, flow


def _tell_ends(base: str, token: str, runs: dict[str, str]) -> dict[str, str]:
    """Say which runs ended or wait for people; return the others."""
    left = {}
    for run, flow in runs.items():
        found = _ask(base, token, f"api/runs/{run}")["run"]
        if found["endedAt"] or found["status"] == "Waiting":
            print(f"  {flow:<20} {_coloured(found['status'])}", flush=True)
        else:
            left[run] = flow
    return left


def _say_next(base: str, home: Path) -> None:
    print("\nNow look at it as a person would:")
    for what, where in (
        ("what the runs left: users, mails, posts, rows", f"{base}tenant"),
        ("who waits for an answer", f"{base}approvals"),
        ("the same in the terminal", f".venv/bin/runafter runs list --db {_shown(home)}/runs.db"),
        ("what is wrong with a fragile twin", ".venv/bin/runafter check examples/weekly_reports/fragile"),
        ("a tour in the terminal, on a virtual clock", "make demo-terminal"),
        ("a flow of your own", ".venv/bin/runafter init my-flows --from EXPORT.zip"),
    ):
        print(f"  {what:<46} {where}")
    print("Ctrl-C stops the server." if _IS_TERMINAL else "", flush=True)


def _ask(base: str, token: str, path: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(base + path, data=data, headers=headers)  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=30) as answered:  # noqa: S310
            return json.loads(answered.read())
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{path}: {error.read().decode()}") from error


def _open(address: str) -> bool:
    """Open the page where a person sits at a desktop."""
    has_desktop = sys.platform in {"darwin", "win32"} or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(_IS_TERMINAL and has_desktop and webbrowser.open(address))


def _shown(home: Path) -> Path:
    return home.relative_to(ROOT) if home.is_relative_to(ROOT) else home


def _bold(text: str) -> str:
    return f"\033[1m{text}\033[0m" if _IS_TERMINAL else text


def _dim(text: str) -> str:
    return f"\033[2m{text}\033[0m" if _IS_TERMINAL else text


def _coloured(status: str) -> str:
    if not _IS_TERMINAL:
        return status
    colour = {"Succeeded": "32", "Waiting": "33"}.get(status, "31")
    return f"\033[{colour}m{status}\033[0m"


if __name__ == "__main__":
    sys.exit(main())
