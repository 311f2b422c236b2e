"""Zip archives from strangers: every member in memory, within limits, under safe names."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib

from runafter.errors import UnreadableSource

MAX_MEMBERS = 20_000
MAX_UNPACKED = 256 * 1024 * 1024
MAX_RATIO = 200
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    IndexError,
    OSError,
    OverflowError,
    RuntimeError,  # NotImplementedError, for compressions that Python does not know, is one
    ValueError,
)
_SMALL = 1024 * 1024
_MAX_NESTING = 3
_IGNORED = (".msapp", ".png", ".jpg", ".svg", ".dll", ".pdf", ".js", ".css")


def is_zip(data: bytes) -> bool:
    """Tell whether these bytes begin like a zip archive."""
    return data[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def unpack(data: bytes, name: str = "", *, depth: int = 0, budget: list[int] | None = None) -> dict[str, bytes]:
    """Return the members of a zip by name, `/` as separator; archives inside are unpacked under `name!`.

    Pictures, canvas apps and other members that hold no flow are left out.

    Raises:
        UnreadableSource: DEF002, DEF005 or DEF006.
    """
    left = budget if budget is not None else [MAX_UNPACKED]
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGE as fault:
        raise UnreadableSource(f"the archive is damaged: {fault}", file=name or None, code="DEF006") from fault
    members: dict[str, bytes] = {}
    entries = archive.infolist()
    if len(entries) > MAX_MEMBERS:
        raise UnreadableSource(
            f"the archive has {len(entries):,} members, more than {MAX_MEMBERS:,}", file=name or None, code="DEF005"
        )
    for entry in entries:
        path = safe_name(entry.orig_filename if "\x00" not in entry.orig_filename else entry.filename, name)
        if path.endswith("/") or not path or path.casefold().endswith(_IGNORED):
            continue
        if entry.file_size > left[0]:
            raise UnreadableSource(
                f"the archive unpacks to more than {MAX_UNPACKED:,} bytes", file=f"{name}!{path}", code="DEF002"
            )
        if entry.file_size > _SMALL and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise UnreadableSource("a member unpacks to over 200 times its size", file=f"{name}!{path}", code="DEF005")
        content = _content(archive, entry, f"{name}!{path}", left)
        if is_zip(content) and path.casefold().endswith(".zip"):
            if depth + 1 >= _MAX_NESTING:
                raise UnreadableSource("archives are nested too deeply", file=f"{name}!{path}", code="DEF005")
            for inner, value in unpack(content, f"{name}!{path}", depth=depth + 1, budget=left).items():
                members[f"{path}!{inner}"] = value
            continue
        members[path] = content
    return members


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, place: str, left: list[int]) -> bytes:
    if entry.flag_bits & 1:
        raise UnreadableSource(
            "the archive is encrypted", file=place, code="DEF006", hint="Unpack it with its password first."
        )
    try:
        with archive.open(entry) as member:
            content = member.read(left[0] + 1)
    except _DAMAGE as fault:
        raise UnreadableSource(f"a member is damaged: {fault}", file=place, code="DEF006") from fault
    left[0] -= len(content)
    if left[0] < 0:
        raise UnreadableSource(f"the archive unpacks to more than {MAX_UNPACKED:,} bytes", file=place, code="DEF002")
    return content


def safe_name(path: str, archive: str = "") -> str:
    """Return a member's name with `/` only.

    Raises:
        UnreadableSource: DEF005, the name is absolute or leads out of the archive.
    """
    name = path.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or (len(name) > 1 and name[1] == ":") or "\x00" in name:
        raise UnreadableSource(
            f"the member name {path!r} leads out of the archive", file=archive or None, code="DEF005"
        )
    return name
