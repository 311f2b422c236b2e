"""`runafter.read`: flows from a path, a folder or bytes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from runafter.definition.nodes import Definition
from runafter.definition.read import read_bytes, read_files
from runafter.errors import UnreadableSource
from runafter.profiles.load import get_profile

_SKIPPED = {"node_modules", ".git", ".venv", "__pycache__", ".vs", ".vscode", "bin", "obj", ".runafter"}
_MAX_FILES = 50_000
_MAX_TOTAL = 512 * 1024 * 1024
_WANTED = (".json", ".jsonc", ".xml", ".zip", ".definition")


def read(
    source: str | os.PathLike[str] | bytes, *, profile: str | None = None, parameters: Mapping[str, Any] | None = None
) -> list[Definition]:
    """Return every workflow definition in a file, a folder or bytes, in any container.

    `profile` overrides the detected dialect. `parameters` are values for an ARM
    template's parameters. A folder is searched to the bottom; links that leave
    it are not followed.

    Raises:
        UnreadableSource: nothing there, not readable, unsafe, or no flow in it.
        ValueError: an unknown profile.
    """
    if profile is not None:
        get_profile(profile)
    if isinstance(source, bytes):
        found = read_bytes(source, parameters=parameters)
    else:
        path = Path(source)
        if path.is_dir():
            found = _read_folder(path, parameters)
        else:
            found = read_bytes(_bytes(path), path.as_posix(), parameters=parameters)
    if profile is not None:
        found = [replace(definition, profile=profile) for definition in found]
    return found


def _read_folder(folder: Path, parameters: Mapping[str, Any] | None) -> list[Definition]:
    files: dict[str, bytes] = {}
    archives: list[Definition] = []
    total = 0
    root = folder.resolve()
    for directory, names, members in os.walk(folder):
        names[:] = sorted(name for name in names if name not in _SKIPPED)
        for member in sorted(members):
            path = Path(directory) / member
            if path.suffix.casefold() not in _WANTED:
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                continue
            data = _bytes(path)
            total += len(data)
            if len(files) >= _MAX_FILES or total > _MAX_TOTAL:
                raise UnreadableSource(
                    "the folder holds more than is read",
                    file=str(folder),
                    code="DEF002",
                    hint="Name a folder further down.",
                )
            if path.suffix.casefold() == ".zip":
                archives.extend(_archive(data, path))
            else:
                files[path.relative_to(folder).as_posix()] = data
    prefix = "" if str(folder) == "." else folder.as_posix().rstrip("/") + "/"
    found = [*read_files(files, prefix=prefix, parameters=parameters), *archives]
    if not found:
        raise UnreadableSource(
            "the folder holds no flow",
            file=str(folder),
            code="DEF007",
            hint="Name the folder of a solution or project.",
        )
    return found


def _archive(data: bytes, path: Path) -> list[Definition]:
    try:
        return read_bytes(data, path.as_posix())
    except UnreadableSource as fault:
        if fault.code == "DEF007":
            return []
        raise


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as fault:
        raise UnreadableSource("there is no such file or folder", file=str(path), code="DEF001") from fault
    except OSError as fault:
        raise UnreadableSource(f"it cannot be read: {fault.strerror}", file=str(path), code="DEF001") from fault
