"""The web page: what is served, with which headers, and what is said where it was not built."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from tests.server.client import client
from tests.server.process import ask, served
from tests.server.world import flow

from runafter.server.pages import POLICY, Pages, static_folder

ROOT = Path(__file__).parents[2]
BUILT = static_folder() / "index.html"
needs_build = pytest.mark.skipif(not BUILT.is_file(), reason="the web page is not built: run `make ui`")


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Runafter</title>")
    (folder / "assets" / "index-abc.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("not for the web")
    return folder


def test_every_path_that_is_no_file_gives_the_page(built):
    pages = Pages(built)
    for path in ("/", "/runs", "/runs/0251", "/flows/order", "/flows/order.v2", "/index.html", "//etc/passwd"):
        answered = pages.at(path)
        assert answered.path == built.resolve() / "index.html"
        assert answered.headers["content-type"].startswith("text/html")
        assert answered.headers["cache-control"] == "no-cache"


def test_the_policy_lets_in_nothing_but_our_own_files(built):
    headers = Pages(built).at("/").headers
    assert headers["content-security-policy"] == POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in POLICY
    assert "unsafe" not in POLICY


def test_built_files_last_since_their_names_change(built):
    answered = Pages(built).at("/assets/index-abc.js")
    assert "javascript" in answered.headers["content-type"]
    assert "immutable" in answered.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/assets/missing.js",
        "/favicon.ico",
        "/api/nothing",
        "/workflows/x",
        "/a\0b",
        "/" + "a" * 5_000,
    ],
)
def test_nothing_else_is_served(built, path):
    assert Pages(built).at(path).status_code == 404


def test_a_checkout_without_a_build_says_which_command_builds_it(tmp_path):
    pages = Pages(tmp_path / "static")
    answered = pages.at("/")
    assert answered.status_code == 200
    assert b"make ui" in answered.body
    assert answered.headers["content-security-policy"] == POLICY
    assert pages.at("/runs").status_code == 404


async def test_a_token_in_the_address_opens_nothing():
    async with client(flow()) as http:
        page = await http("GET", "/?token=a-token-for-tests-only", token=None)
        refused = await http("GET", "/api/flows?token=a-token-for-tests-only", token=None)
    assert page.status == 200
    assert "set-cookie" not in page.headers
    assert refused.status == 401


async def test_a_session_turns_the_token_into_a_cookie_that_scripts_cannot_read():
    async with client(flow()) as http:
        opened = await http("POST", "/api/session")
        refused = await http("POST", "/api/session", token=None)
        cookie = opened.headers["set-cookie"]
        inside = await http("GET", "/api/flows", token=None, headers={"cookie": cookie.partition(";")[0]})
    assert refused.status == 401
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert inside.status == 200


@needs_build
@pytest.mark.slow
def test_an_installed_wheel_serves_the_page_where_there_is_no_node(tmp_path):
    bare = {"PATH": str(tmp_path), "HOME": str(tmp_path), "RUNAFTER_NO_UI": "1"}
    assert shutil.which("node", path=bare["PATH"]) is None
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(built, cwd=ROOT, env=bare, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    target = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel)]
    subprocess.run(install, env=bare, check=True, capture_output=True)
    project = tmp_path / "project"
    (project / "flows").mkdir(parents=True)
    shutil.copytree(ROOT / "examples" / "weekly_reports", project / "flows" / "weekly_reports")

    with served(project, env={**bare, "PYTHONPATH": str(target)}) as server:
        with urllib.request.urlopen(f"{server.base}/runs", timeout=10) as answered:
            page = answered.read().decode()
        scripts = re.findall(r'src="(/assets/[^"]+[.]js)"', page)
        with urllib.request.urlopen(server.base + scripts[0], timeout=10) as answered:
            script = answered.read()
        flows = ask("GET", f"{server.base}/api/flows")[2]["flows"]
    asked = [sys.executable, "-c", "import runafter; print(runafter.__file__)"]
    origin = subprocess.run(asked, env={**bare, "PYTHONPATH": str(target)}, check=True, capture_output=True, text=True)

    assert '<div id="root">' in page
    assert script == (target / "runafter" / "server" / "static" / scripts[0].lstrip("/")).read_bytes()
    assert origin.stdout.startswith(str(target))
    assert [each["name"] for each in flows] == ["weekly_reports"]
    assert (target / "runafter" / "server" / "static" / "licences.md").is_file()
