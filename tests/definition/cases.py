"""The small flows of tests/cases/definitions, as files by relative path and as zips."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

CASES = Path(__file__).resolve().parents[1] / "cases" / "definitions"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def files(name: str) -> dict[str, bytes]:
    root = CASES / name
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def zipped(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo("placeholder")
            entry.filename = name  # the constructor would turn backslashes into slashes
            entry.compress_type = compression
            archive.writestr(entry, data)
    return buffer.getvalue()
