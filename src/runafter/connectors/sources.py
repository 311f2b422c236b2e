"""Where the facts of manifests were seen: a page with the day it was read, or nowhere, which is said too."""

from __future__ import annotations

import re

UNVERIFIED = "from experience of the platform, not verified against a page"
"""The source of a fact that nobody looked up."""

NAMED = {
    "client": "azure-connectors 0.5.0b1 (Microsoft's client on PyPI, made from the connector's definition), read 2026-11-21",
    "definitions": "calls in public definitions (docs/reference/connector-coverage.md), read 2026-11-21",
    "unverified": UNVERIFIED,
}
"""Sources that many operations share, by the short name that manifests write."""

OWN = "the connector's own definition"
"""How the source of a connector begins that brings its definition with it."""

_DATED = re.compile(r".+\bread \d{4}-\d{2}-\d{2}")


def source_of(text: str) -> str:
    """Return a source in full; short names are spelled out."""
    return NAMED.get(text, text)


def is_source(text: str, read: str = "") -> bool:
    """Say whether a text may stand as a source: it has the day it was read, is the definition itself, or says that nobody looked."""
    return (
        text == UNVERIFIED
        or text.startswith(OWN)
        or (bool(text) and bool(_DATED.fullmatch(f"{text}, read {read}" if read else text)))
    )
