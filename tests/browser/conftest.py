"""A server on the project, and a page that is let in."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.browser.project import write_project

from runafter.server.pages import static_folder

TOKEN = "a-token-for-the-browser-tests"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items) -> None:
    missing = None
    if CHROMIUM is None:
        missing = "there is no Chromium here: apt-get install chromium"
    elif not (static_folder() / "index.html").is_file():
        missing = "the web page is not built: run `make ui`"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if missing is not None:
                item.add_marker(pytest.mark.skip(reason=missing))


@dataclass(frozen=True)
class Served:
    url: str

    def call(self, path: str, given: Any = None) -> Any:
        """Ask the API as a program would."""
        data = None if given is None else json.dumps(given).encode()
        with urllib.request.urlopen(self._request(path, data), timeout=30) as answer:
            return json.load(answer)

    def run(self, flow: str, body: Any = None) -> str:
        return self.call(f"/api/flows/{flow}/run", {"body": body})["fired"][0]["run"]

    def until(self, path: str, wanted) -> Any:
        """Ask once more after each piece of news, until the answer is as wanted."""
        with urllib.request.urlopen(self._request("/api/events"), timeout=30) as news:
            while True:
                found = self.call(path)
                if wanted(found):
                    return found
                while not news.readline().startswith(b"data:"):
                    pass

    def _request(self, path: str, data: bytes | None = None) -> urllib.request.Request:
        return urllib.request.Request(
            self.url + path, data, {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        )


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[Served]:
    folder = write_project(tmp_path_factory.mktemp("served") / "project")
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "runafter", "serve", str(folder), "--db", str(folder.parent / "runs.db")]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--no-watch"],
        env={**os.environ, "RUNAFTER_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("Runafter serves"), said
        yield Served(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(timeout=20)
        process.stdout.close()


@pytest.fixture
def browser() -> Iterator[Any]:
    """A browser for one test: Playwright's loop must be gone when a test with a loop of its own follows in this process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser, served) -> Iterator[Any]:
    """A page of its own that knows the token; at the end nothing may have gone wrong in it."""
    context = browser.new_context(base_url=served.url, viewport={"width": 1440, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    opened.goto(f"/#token={TOKEN}")
    opened.get_by_role("heading", name="Flows").wait_for()
    yield opened
    context.close()
    assert wrong == []
