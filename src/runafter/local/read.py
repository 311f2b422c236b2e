"""`runafter.read`: flows from a path, a folder or bytes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from runafter.definition.nodes import Definition
from runafter.definition.read import read_bytes, read_files
from runafter.definition.text import MAX_BYTES
from runafter.errors import UnreadableSource
from runafter.profiles.load import get_profile

_SKIPPED = {"node_modules", ".git", ".venv", "__pycache__", ".vs", ".vscode", "bin", "obj", ".runafter"}
_MAX_FILES = 50_000
_MAX_TOTAL = 512 * 1024 * 1024
_WANTED = (".json", ".jsonc", ".xml", ".zip", ".definition")
_PROJECT = ("host.json", "connections.json", "parameters.json", "local.settings.json")
_SOLUTION = ("solution.xml", "customizations.xml", "other/solution.xml", "other/customizations.xml")


def read(
    source: str | os.PathLike[str] | bytes,
    *,
    profile: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    max_bytes: int = MAX_BYTES,
) -> list[Definition]:
    """Return every workflow definition in a file, a folder or bytes, in any container.

    A folder is searched to the bottom; links that leave it are not followed. A
    single flow of a Standard project, an unpacked solution or an unpacked
    package comes with the connections, parameters and variables of its folder.
    `profile` overrides the detected dialect. `parameters` are values for an ARM
    template's parameters, by name or as the content of a parameters file.
    `max_bytes` is the size of the largest file that is read; JSON of more than
    64 MiB is never read.

    Raises:
        UnreadableSource: nothing there, not readable, unsafe, or no flow in it.
        ValueError: an unknown profile.
    """
    if profile is not None:
        get_profile(profile)
    if isinstance(source, bytes):
        if len(source) > max_bytes:
            raise _too_large("", max_bytes)
        found = read_bytes(source, parameters=parameters)
    else:
        path = Path(source)
        if path.is_dir():
            found = _read_folder(path, parameters, max_bytes)
        else:
            found = _read_file(path, parameters, max_bytes)
    if profile is not None:
        found = [replace(definition, profile=profile) for definition in found]
    return found


def _read_file(path: Path, parameters: Mapping[str, Any] | None, max_bytes: int) -> list[Definition]:
    data = _bytes(path, max_bytes)
    root = _home(path)
    if root is None:
        return read_bytes(data, path.as_posix(), parameters=parameters)
    files = {path.relative_to(root).as_posix(): data}
    for beside in _surroundings(path, root):
        files.setdefault(beside.relative_to(root).as_posix(), _bytes(beside, max_bytes))
    wanted = path.as_posix()
    found = [item for item in read_files(files, prefix=_prefix(root), parameters=parameters) if item.file == wanted]
    return found or read_bytes(data, wanted, parameters=parameters)


def _home(path: Path) -> Path | None:
    """Return the folder of the project, solution or package that a flow's file belongs to."""
    folder = path.parent
    name = path.name.casefold()
    if name == "workflow.json" and (folder.parent / "host.json").is_file():
        return folder.parent
    if folder.name.casefold() == "workflows" and name.endswith(".json"):
        if Path(f"{path}.data.xml").is_file() or any(True for _ in _named(folder.parent, _SOLUTION)):
            return folder.parent
    if name == "definition.json" and folder.parent.as_posix().casefold().endswith("microsoft.flow/flows"):
        return folder.parent.parent.parent
    return None


def _surroundings(path: Path, root: Path) -> Iterator[Path]:
    if path.name.casefold() == "workflow.json":
        yield from _named(root, _PROJECT)
    elif path.parent.name.casefold() == "workflows":
        yield from _named(root, _SOLUTION)
        yield from (item for item in (Path(f"{path}.data.xml"),) if item.is_file())
        yield from (item for item in sorted(root.glob("*ettings.json")) if item.is_file())
        for folder in sorted(root.glob("environmentvariabledefinitions/*")):
            yield from (item for item in sorted(folder.iterdir()) if item.is_file() and item.suffix in _WANTED)
    else:
        yield from _named(root, ("manifest.json",))
        yield from _named(path.parent, ("connectionsmap.json", "apismap.json"))


def _named(folder: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Yield the files of these names (lower case, at most one folder down) in any letter case."""
    for item in sorted(folder.iterdir()):
        if item.is_dir() and any(name.startswith(item.name.casefold() + "/") for name in names):
            inner = tuple(name.partition("/")[2] for name in names if name.startswith(item.name.casefold() + "/"))
            yield from _named(item, inner)
        elif item.name.casefold() in names and item.is_file():
            yield item


def _read_folder(folder: Path, parameters: Mapping[str, Any] | None, max_bytes: int) -> list[Definition]:
    files: dict[str, bytes] = {}
    archives: list[Definition] = []
    total = 0
    for path in _members(folder):
        data = _bytes(path, max_bytes)
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
    found = [*read_files(files, prefix=_prefix(folder), parameters=parameters), *archives]
    if not found:
        raise UnreadableSource(
            "the folder holds no flow",
            file=str(folder),
            code="DEF007",
            hint="Name the folder of a solution or project.",
        )
    return found


def _members(folder: Path) -> Iterator[Path]:
    root = folder.resolve()
    for directory, names, members in os.walk(folder):
        names[:] = sorted(name for name in names if name not in _SKIPPED)
        for member in sorted(members):
            path = Path(directory) / member
            if path.suffix.casefold() in _WANTED and path.is_file() and path.resolve().is_relative_to(root):
                yield path


def _archive(data: bytes, path: Path) -> list[Definition]:
    try:
        return read_bytes(data, path.as_posix())
    except UnreadableSource as fault:
        if fault.code == "DEF007":
            return []
        raise


def _prefix(folder: Path) -> str:
    return "" if str(folder) == "." else folder.as_posix().rstrip("/") + "/"


def _bytes(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:  # bounded: a pipe or device has no size to ask for
            data = file.read(max_bytes + 1)
    except FileNotFoundError as fault:
        raise UnreadableSource("there is no such file or folder", file=str(path), code="DEF001") from fault
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else str(fault)
        raise UnreadableSource(f"it cannot be read: {reason}", file=str(path), code="DEF001") from fault
    if len(data) > max_bytes:
        raise _too_large(str(path), max_bytes)
    return data


def _too_large(name: str, max_bytes: int) -> UnreadableSource:
    return UnreadableSource(
        f"the file has more than the {max_bytes:,} bytes that are read",
        file=name or None,
        code="DEF002",
        hint="Give a larger max_bytes if it is to be read.",
    )
