"""Make the pictures of docs/howto/web-ui.md: the samples served, runs fired, each page in light and in dark.

python -m tools.docs_screenshots                     # write docs/images/web-ui-*.png
python -m tools.docs_screenshots --only run --width 800 --to FOLDER   # look at some, at another width

Needs Chromium, Playwright (`pip install playwright`) and the built page (`make ui`).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
IMAGES = ROOT / "docs" / "images"
TOKEN = "a-token-for-the-pictures"
HEIGHT = 900
MOST_BYTES = 250_000
SETTLED_S = 400.0

_FIRED = (
    ("order_fan_out", "trigger.json"),
    ("order_fan_out", "triggers/out_of_stock.json"),
    ("order_fan_out", "triggers/zero_total.json"),
    ("order_fan_out", "triggers/already_confirmed.json"),
    ("support_escalation", "trigger.json"),
    ("support_escalation", "triggers/missing_customer.json"),
    ("weekly_reports", "trigger.json"),
    ("invoice_approval", "trigger.json"),
    ("employee_onboarding", "triggers/unknown_department.json"),
)
"""Flow and trigger body, in order; what the demo's faults do to them makes them differ."""


@dataclass(frozen=True)
class Stage:
    """A server with the samples, and the runs that the pictures are of."""

    url: str

    def call(self, path: str, given: Any = None) -> Any:
        """Ask the API as a program would."""
        data = None if given is None else json.dumps(given).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=30) as answer:
            return json.load(answer)

    def fire(self, flow: str, body: Any) -> str | None:
        """Start a run; return its name, or None where the trigger let it be."""
        fired = self.call(f"/api/flows/{flow}/run", {"body": body})["fired"]
        return next((each["run"] for each in fired if each["run"]), None)

    def settle(self, runs: list[str]) -> None:
        """Wait until each has ended or waits for somebody."""
        end = time.monotonic() + SETTLED_S
        while any(self.call(f"/api/runs/{run}")["run"]["status"] == "Running" for run in runs):
            if time.monotonic() > end:
                raise SystemExit(f"runs are under way after {SETTLED_S:.0f} s")
            time.sleep(0.5)

    def newest(self, flow: str, status: str = "") -> str:
        """Return the name of the flow's newest run of that status."""
        asked = f"/api/runs?flow={flow}&limit=1" + (f"&status={status}" if status else "")
        found = self.call(asked)["runs"]
        if not found:
            raise SystemExit(f"{flow} has no run {status}")
        return str(found[0]["id"])


@contextmanager
def served(project: Path, *arguments: str) -> Iterator[Stage]:
    """Serve `project` on a free port, with a database of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder, "runs.db")
        command = [sys.executable, "-m", "runafter", "serve", str(project), "--db", str(database)]
        command += ["--port", str(port), "--no-watch", *arguments]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "RUNAFTER_TOKEN": TOKEN},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stdout is not None
            if not process.stdout.readline().startswith("Runafter serves"):
                raise SystemExit("the server did not start")
            yield Stage(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=30)


def _fire_all(stage: Stage) -> list[str]:
    runs = []
    for flow, body in _FIRED:
        content = json.loads((EXAMPLES / flow / body).read_text(encoding="utf-8"))
        runs.append(stage.fire(flow, content))
    return [run for run in runs if run]


_ERRORS = "https://contoso.sharepoint.com/sites/operations|Flow Errors"
Deed = Callable[[Page], None]


@dataclass(frozen=True)
class Shot:
    """A page to picture: its path, what must be there, and what is done before."""

    path: Callable[[Stage], str]
    ready: str
    deed: Deed | None = None


def _jump_to_failed(page: Page) -> None:
    page.get_by_role("button", name="failed", exact=True).first.click()
    page.locator(".detail [data-repetition]").wait_for()


def _see_it_go(page: Page) -> None:
    page.locator('.node.leaf[data-status="Running"]').first.wait_for()
    page.locator(".pager").get_by_text(re.compile("^[3-9] of 30 done")).wait_for()


def _press(name: str, role: Any = "button") -> Deed:
    def deed(page: Page) -> None:
        page.get_by_role(role, name=re.compile(name, re.IGNORECASE)).first.click()

    return deed


def _see_the_timeline(page: Page) -> None:
    _press("^Timeline$", role="tab")(page)
    page.locator(".dock-rows").evaluate("(rows) => { rows.scrollTop = 0.4 * rows.scrollHeight }")


def _find_in_code(page: Page) -> None:
    _press("^Code")(page)
    _press("^Next finding")(page)
    page.locator(".code .at").first.wait_for()


UNDER_WAY = "run"
"""The picture that is taken before the runs are over."""

SHOTS: dict[str, Shot] = {
    "flows": Shot(lambda stage: "/", "tr[data-flow]"),
    "start": Shot(lambda stage: "/", "tr[data-flow]", _press("^Run weekly")),
    "flow": Shot(lambda stage: "/flows/order_fan_out", "[data-card]"),
    "code": Shot(lambda stage: "/flows/weekly_reports", "[data-card]", _find_in_code),
    "runs": Shot(lambda stage: "/runs", ".run-row[data-run]"),
    "run": Shot(lambda stage: f"/runs/{stage.newest('weekly_reports')}", "[data-card]", _see_it_go),
    "failed": Shot(
        lambda stage: f"/runs/{stage.newest('weekly_reports', 'Succeeded')}", ".pager .failed", _jump_to_failed
    ),
    "timeline": Shot(lambda stage: f"/runs/{stage.newest('employee_onboarding')}", "[data-card]", _see_the_timeline),
    "approvals": Shot(lambda stage: "/approvals", "article"),
    "tenant": Shot(lambda stage: f"/tenant?service=sharepointonline&table={_ERRORS}", ".grid [role=row]"),
}


def picture(browser: Browser, stage: Stage, shot: Shot, theme: Any, width: int, target: Path) -> None:
    """Open the page in a context of its own and write what it looks like."""
    context = browser.new_context(
        base_url=stage.url,
        viewport={"width": width, "height": HEIGHT},
        color_scheme=theme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = context.new_page()
    page.goto(f"{shot.path(stage)}#token={TOKEN}")
    page.locator(shot.ready).first.wait_for()
    if shot.deed is not None:
        shot.deed(page)
    page.wait_for_timeout(700)  # moves of the graph and late answers
    target.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=target)
    context.close()
    size = target.stat().st_size
    print(f"{target.name}: {size // 1000} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{target} has {size} bytes; {MOST_BYTES} are the most")


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", action="append", choices=list(SHOTS), help="repeatable; default: all")
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--to", type=Path, default=IMAGES)
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    faults = str(EXAMPLES / "demo_faults.yaml")
    with (
        served(EXAMPLES, "--tenant-profile", "documented", "--faults", faults) as stage,
        sync_playwright() as playwright,
    ):
        runs = _fire_all(stage)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        wanted = given.only or list(SHOTS)
        for name in sorted(wanted, key=lambda name: name != UNDER_WAY):
            if name != UNDER_WAY:
                stage.settle(runs)
            for theme in ("light", "dark"):
                picture(browser, stage, SHOTS[name], theme, given.width, given.to / f"web-ui-{name}-{theme}.png")
        browser.close()


if __name__ == "__main__":
    main()
