"""A tree of files over a store: what every file connector's emulator keeps its state in."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from runafter.connectors.answers import content, content_type_of, data_of
from runafter.connectors.instants import iso
from runafter.connectors.spec import Row, Store

_TYPES = {
    "txt": "text/plain", "csv": "text/csv", "json": "application/json", "xml": "application/xml", "html": "text/html",
    "htm": "text/html", "pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "zip": "application/zip",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}  # fmt: skip


def media_type(name: str) -> str:
    return _TYPES.get(name.rsplit(".", 1)[-1].lower(), "application/octet-stream")


def clean(path: str) -> str:
    """Return a path as `/a/b.txt`; the root is `/`."""
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    return "/" + "/".join(parts)


def ident_of(path: str) -> str:
    """Return a file's id: its path in base64, safe for URLs, without padding."""
    return base64.urlsafe_b64encode(path.encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder."""

    path: str
    row: Row

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def is_folder(self) -> bool:
        return bool(self.row.get("folder"))

    @property
    def data(self) -> bytes:
        return data_of(self.row.get("content"))


class Folders:
    """The files below one root (a table of the store)."""

    def __init__(self, store: Store, now: int, root: str = "files") -> None:
        self.store = store
        self.now = now
        self.root = root

    def find(self, ident: str) -> Entry | None:
        """Return the entry with this id or path; escapes of any depth are taken off."""
        text = ident
        for _ in range(3):
            entry = self._at(text)
            if entry is not None:
                return entry
            text = unquote(text)
        try:
            padded = ident + "=" * (-len(ident) % 4)
            decoded = base64.urlsafe_b64decode(padded.encode()).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
        return self._at(decoded) if decoded.startswith("/") else None

    def _at(self, path: str) -> Entry | None:
        wanted = clean(path)
        if wanted == "/":
            return Entry("/", {"folder": True, "etag": 0, "modified": iso(self.now)})
        row = self.store.get(self.root, wanted)
        if row is not None:
            return Entry(wanted, row)
        lowered = wanted.lower()
        for key, candidate in self.store.rows(self.root):
            if key.lower() == lowered:
                return Entry(key, candidate)
        return None

    def write(self, path: str, value: Any, *, kind: str | None = None) -> Entry:
        """Create or replace a file, with the folders above it."""
        wanted = clean(path)
        found = self._at(wanted)
        wanted = wanted if found is None else found.path
        self.make_folder(wanted.rsplit("/", 1)[0] or "/")
        typed = content_type_of(value, "") if isinstance(value, dict) else ""
        held = content(data_of(value), kind or typed or media_type(wanted))
        row = {
            "content": held,
            "created": iso(self.now) if found is None else found.row.get("created"),
            "modified": iso(self.now),
            "etag": self.store.next_number("etag"),
        }
        self.store.put(self.root, wanted, row)
        return Entry(wanted, row)

    def make_folder(self, path: str) -> Entry:
        wanted = clean(path)
        found = self._at(wanted)
        if found is not None:
            return found
        self.make_folder(wanted.rsplit("/", 1)[0] or "/")
        row = {
            "folder": True,
            "created": iso(self.now),
            "modified": iso(self.now),
            "etag": self.store.next_number("etag"),
        }
        self.store.put(self.root, wanted, row)
        return Entry(wanted, row)

    def remove(self, entry: Entry) -> None:
        """Delete a file, or a folder with all below it."""
        self.store.delete(self.root, entry.path)
        if entry.is_folder:
            for key, _ in self.store.rows(self.root):
                if key.startswith(entry.path.rstrip("/") + "/"):
                    self.store.delete(self.root, key)

    def children(self, path: str, *, deep: bool = False) -> list[Entry]:
        """Return what lies in a folder, folders and files by name; `deep` takes all levels."""
        prefix = clean(path).rstrip("/") + "/"
        found = [Entry(key, row) for key, row in self.store.rows(self.root) if key.startswith(prefix)]
        if not deep:
            found = [entry for entry in found if "/" not in entry.path[len(prefix) :]]
        return sorted(found, key=lambda entry: (not entry.is_folder, entry.path.lower()))

    def free_name(self, path: str) -> str:
        """Return the path, or with a number before its extension when it is taken."""
        wanted, number = clean(path), 1
        stem, dot, extension = wanted.rpartition(".")
        if not dot or "/" in extension:
            stem, dot, extension = wanted, "", ""
        while self._at(wanted) is not None:
            wanted = f"{stem} ({number}){dot}{extension}"
            number += 1
        return wanted


def unzipped(data: bytes) -> list[tuple[str, bytes]]:
    """Return (path, data) of an archive's files; entries that lead out of it or have over 100 MB are left out.

    Raises:
        ValueError: it is no archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [
                member for member in archive.infolist() if not member.is_dir() and member.file_size <= 100_000_000
            ]
            inside = [m for m in members if ".." not in m.filename.replace("\\", "/").split("/")]
            return [(member.filename, archive.read(member)) for member in inside]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError(str(error)) from error


def metadata(entry: Entry) -> dict[str, Any]:
    """Return a file's metadata as the file connectors show it (their `BlobMetadata`)."""
    ident = ident_of(entry.path)
    return {
        "Id": ident,
        "Name": entry.name,
        "DisplayName": entry.name,
        "Path": entry.path,
        "LastModified": entry.row.get("modified"),
        "Size": len(entry.data),
        "MediaType": "" if entry.is_folder else entry.row["content"]["$content-type"],
        "IsFolder": entry.is_folder,
        "ETag": f'"{entry.row.get("etag")}"',
        "FileLocator": ident,
        "LastModifiedBy": None,
    }
