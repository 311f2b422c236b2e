"""From bytes to definitions: one file, or the files of a folder or archive by relative path. No paths, no disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from runafter.definition.nodes import Definition
from runafter.definition.read.archive import is_zip, unpack
from runafter.definition.read.arm import is_template, read_template
from runafter.definition.read.legacy_package import package_flows, read_package
from runafter.definition.read.plain import read_plain
from runafter.definition.read.solution import read_solution, solution_roots
from runafter.definition.read.standard_project import is_workflow, project_roots, read_project
from runafter.definition.source import parse_bytes
from runafter.errors import UnreadableSource

SETTINGS_FILES = ("connections.json", "parameters.json", "local.settings.json", "host.json")
"""What lies beside the workflows of a Standard project and is none, whatever it holds."""


def read_bytes(data: bytes, name: str = "", *, parameters: Mapping[str, Any] | None = None) -> list[Definition]:
    """Return the definitions of one file: JSON in any container, or a zip.

    `parameters` are values for an ARM template's parameters.

    Raises:
        UnreadableSource: the file cannot be read, or holds no flow (DEF007).
    """
    if is_zip(data):
        found = list(read_files(unpack(data, name), prefix=f"{name}!" if name else "", parameters=parameters))
        if not found:
            raise UnreadableSource(
                "the archive holds no flow",
                file=name or None,
                code="DEF007",
                hint="Export the flow as a package or solution.",
            )
        return found
    root = parse_bytes(data, name)
    if is_template(root):
        found = list(read_template(root, name, parameters))
        if found:
            return found
    definition = read_plain(root, name)
    if definition is None:
        raise UnreadableSource(
            "the file holds no workflow definition",
            file=name or None,
            code="DEF007",
            hint="Expected: a definition with triggers and actions, clientdata, workflow.json, a package, a solution or an ARM template.",
        )
    return [definition]


def read_files(
    files: Mapping[str, bytes], *, prefix: str = "", parameters: Mapping[str, Any] | None = None
) -> Iterator[Definition]:
    """Yield the definitions in a set of files by relative path, `/` as separator.

    Solutions, legacy packages and Standard projects are read as wholes; other
    JSON files one by one. Files that hold no flow are passed over; a flow that
    cannot be read is an error.
    """
    taken: set[str] = set()
    for root in solution_roots(files):
        taken.update(
            path
            for path in files
            if path.startswith(root) and _below(path[len(root) :], "workflows/", "environmentvariabledefinitions/")
        )
        yield from read_solution(files, root, prefix)
    packaged = package_flows(files)
    taken.update(path for path in files if "microsoft.flow/flows/" in path.casefold())
    yield from read_package(files, packaged, prefix)
    for root in project_roots(files):
        if any(path in taken for path in files if path.startswith(root) and path.endswith("workflow.json")):
            continue
        taken.update(path for path in files if is_workflow(path, root))
        taken.update(root + name for name in SETTINGS_FILES)
        yield from read_project(files, root, prefix)
    for path in sorted(files):
        if path in taken or not path.casefold().endswith((".json", ".jsonc", ".definition")):
            continue
        yield from _single(files[path], prefix + path, parameters)


def _below(path: str, *folders: str) -> bool:
    return path.casefold().startswith(folders)


def _single(data: bytes, name: str, parameters: Mapping[str, Any] | None) -> Iterator[Definition]:
    if not _may_hold_flow(data):
        return
    try:
        root = parse_bytes(data, name)
    except UnreadableSource:
        if b'"actions"' in data and b'"triggers"' in data:
            raise
        return
    if is_template(root):
        yield from read_template(root, name, parameters)
        return
    definition = read_plain(root, name)
    if definition is not None:
        yield definition


def _may_hold_flow(data: bytes) -> bool:
    head = data[:2]
    return b"ctions" in data or b"riggers" in data or b"\x00" in head or head in {b"\xff\xfe", b"\xfe\xff"}
