"""The built page: its files, and what is said where there is no build."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from starlette.responses import FileResponse, HTMLResponse, Response

from runafter.server.answers import error_answer

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NO_PAGES = ("/api/", "/subscriptions/", "/runtime/", "/workflows/")
_UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Runafter</title>
<h1>The server runs; its web page is not built</h1>
<p>This is a checkout, and nobody has built the page in it. With Node.js 20 or newer, run in the checkout:</p>
<pre>make ui</pre>
<p>and load this page again. Wheels of Runafter carry the page: <code>pip install 'runafter[server]'</code>.</p>
<p>The API works without the page; <a href="/openapi.json">/openapi.json</a> describes it.</p></html>"""


def static_folder() -> Path:
    """Return where the build lands; it may be missing."""
    return Path(str(resources.files("runafter.server").joinpath("static")))


class Pages:
    """Answers GET for every path that is no endpoint: a file of the build, or the page, which finds its own way."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = (folder or static_folder()).resolve()

    def at(self, path: str) -> Response:
        if path.startswith(_NO_PAGES) or "\0" in path:
            return _nothing()
        try:
            wanted = (self._folder / path.lstrip("/")).resolve()
            is_file = wanted.is_file()
        except OSError:  # a name longer than any file's
            return _nothing()
        if not wanted.is_relative_to(self._folder):
            return _nothing()
        if is_file and path != "/index.html":
            # names of built files carry a hash of what is in them
            lasting = "public, max-age=31536000, immutable" if path.startswith("/assets/") else "no-cache"
            return FileResponse(wanted, headers={**_HEADERS, "Cache-Control": lasting})
        is_place = not path.startswith("/assets/") and path.count("/") > 1  # of a flow, whose name may have a dot
        if "." in path.rpartition("/")[2] and path != "/index.html" and not is_place:
            return _nothing()
        index = self._folder / "index.html"
        if index.is_file():
            return FileResponse(index, headers={**_HEADERS, "Cache-Control": "no-cache"})
        return HTMLResponse(_UNBUILT, headers=_HEADERS) if path == "/" else _nothing()


def _nothing() -> Response:
    return error_answer(404, "NotFound", "There is nothing at this address.")


__all__ = ["POLICY", "Pages", "static_folder"]
