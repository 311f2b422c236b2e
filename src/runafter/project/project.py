"""A project: flows, what their owners wrote beside them, and connections.

A project is a folder with `flows/<name>/` (or such folders directly in it), or
any file or folder that holds flows. All of these are optional:

* `runafter.toml`: `[project] name`, `[server]` settings.
* `flow.toml` beside a flow: owner, purpose, criticality, `[trigger]`
  de-duplication, `[sla]`.
* `connections.toml`: what stands behind each connection.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runafter.definition.nodes import Definition
from runafter.errors import DefinitionError, UnreadableSource
from runafter.values.time import duration_s

Reader = Callable[[Path], list[Definition]]
"""Reads every flow at a path; `runafter.local.read.read` is one."""

_FLOW_FILES = ("flow.json", "workflow.json", "definition.json")
_ENDS = {"Failed", "TimedOut", "Cancelled"}
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_OF_TRIGGER = ("deduplication_key", "deduplication_ttl")
_CRITICALITIES = ("low", "medium", "high")


class InvalidProject(DefinitionError):
    """A settings file of the project is at fault."""

    code = "PRJ001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What `flow.toml` says. Durations are seconds; `raw` is the whole of the file."""

    owner: str | None = None
    deputy: str | None = None
    purpose: str | None = None
    criticality: str | None = None
    deduplication_key: str | None = None
    deduplication_ttl_s: float | None = None
    key_headers: Mapping[str, str] = field(default_factory=dict)
    review: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFlow:
    """One flow. `name` is safe in a URL and unique in the project."""

    name: str
    definition: Definition
    sidecar: Sidecar = Sidecar()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project as it was read; reading it again may give another one."""

    name: str
    root: Path
    flows: tuple[ProjectFlow, ...]
    connections: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def flow(self, name: str) -> ProjectFlow | None:
        folded = name.casefold()
        return next((flow for flow in self.flows if flow.name.casefold() == folded), None)


def read_project(path: Path, reader: Reader) -> Project:
    """Return the project at a folder, a flow's file or an exported package.

    Raises:
        UnreadableSource: nothing there, or no flow in it.
        InvalidProject: a settings file is no TOML, or a field in it is wrong.
    """
    root = path if path.is_dir() else path.parent
    settings = _toml(path / "runafter.toml") if path.is_dir() else {}
    connections = _toml(path / "connections.toml") if path.is_dir() else {}
    name = settings.get("project", {}).get("name") if isinstance(settings.get("project"), Mapping) else None
    found = list(_flows(path, reader))
    if not found:
        raise UnreadableSource(
            "the project holds no flow",
            file=str(path),
            code="DEF007",
            hint="Put a flow at flows/<name>/flow.json, or name a file that holds one.",
        )
    return Project(
        name=name if isinstance(name, str) and name else (path.stem or path.resolve().name),
        root=root,
        flows=tuple(_unique(found)),
        connections=connections,
        settings=settings,
    )


def flow_id(name: str) -> str:
    """Return a name as it stands in URLs: letters without accents, digits, `_`, `-` and `.`, at most 80 of them."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", plain).strip("_.")[:80] or "flow"


def read_sidecar(file: Path) -> Sidecar:
    """Return what a `flow.toml` says; an empty one where there is no file.

    Raises:
        InvalidProject: no TOML, or a field of the wrong kind.
    """
    raw = _toml(file)
    trigger = raw.get("trigger", {})
    if not isinstance(trigger, Mapping):
        raise InvalidProject("'trigger' is a table", file=str(file))
    misplaced = [name for name in _OF_TRIGGER if name in raw]
    unknown = [name for name in trigger if name not in _OF_TRIGGER]
    if misplaced or unknown:
        wrong = f"{misplaced[0]!r} stands outside [trigger]" if misplaced else f"[trigger] has no {unknown[0]!r}"
        raise InvalidProject(wrong, file=str(file), hint=f"Write {' and '.join(_OF_TRIGGER)} under [trigger].")
    criticality = _text(raw, "criticality", file)
    if criticality is not None and criticality not in _CRITICALITIES:
        raise InvalidProject(f"criticality {criticality!r} is not one of {', '.join(_CRITICALITIES)}", file=str(file))
    ttl = _text(trigger, "deduplication_ttl", file)
    try:
        ttl_s = duration_s(ttl) if ttl is not None else None
    except ValueError as fault:
        raise InvalidProject(
            f"deduplication_ttl {ttl!r} is no ISO 8601 duration", file=str(file), hint="Write P7D or PT5M."
        ) from fault
    return Sidecar(
        owner=_text(raw, "owner", file),
        deputy=_text(raw, "deputy", file),
        purpose=_text(raw, "purpose", file),
        criticality=criticality,
        deduplication_key=_text(trigger, "deduplication_key", file),
        deduplication_ttl_s=ttl_s,
        key_headers=_key_headers(raw, file),
        review=_review(raw, file),
        raw=raw,
    )


def _review(raw: Mapping[str, Any], file: Path) -> tuple[str, ...]:
    """Return `review`: the statuses with which a run's end lands in the review queue."""
    wanted = raw.get("review", [])
    if not isinstance(wanted, list) or not all(isinstance(each, str) and each in _ENDS for each in wanted):
        raise InvalidProject(
            f"'review' is a list of {', '.join(sorted(_ENDS))}", file=str(file), hint='Write review = ["Failed"].'
        )
    return tuple(wanted)


def _key_headers(raw: Mapping[str, Any], file: Path) -> dict[str, str]:
    """Return `[idempotency_headers]`: the header in which an HTTP action sends its key, by action; `*` for all."""
    table = raw.get("idempotency_headers", {})
    if not isinstance(table, Mapping) or not all(isinstance(header, str) for header in table.values()):
        raise InvalidProject(
            "'idempotency_headers' is a table of action names and header names",
            file=str(file),
            hint='Write "*" = "Idempotency-Key" for every HTTP action.',
        )
    for header in table.values():
        if not _HEADER.fullmatch(header):
            raise InvalidProject(f"{header!r} is no name of an HTTP header", file=str(file))
    return dict(table)


def _flows(path: Path, reader: Reader) -> Sequence[ProjectFlow]:
    if not path.is_dir():
        single = reader(path)
        sidecar = read_sidecar(path.parent / "flow.toml") if len(single) == 1 else Sidecar()
        return [_flow(definition, path, sidecar) for definition in single]
    home = path / "flows" if (path / "flows").is_dir() else path
    own = _flow_file(path) if home is path else None
    if own is not None:
        return [_flow(definition, own, read_sidecar(path / "flow.toml")) for definition in reader(own)]
    found: list[ProjectFlow] = []
    for entry in sorted(home.iterdir()):
        file = _flow_file(entry) if entry.is_dir() else None
        if file is not None:
            sidecar = read_sidecar(entry / "flow.toml")
            found.extend(_flow(definition, file, sidecar) for definition in reader(file))
        elif home is not path and (entry.suffix in {".json", ".zip"} or entry.is_dir()) and entry.name[0] != ".":
            found.extend(_flow(definition, entry, Sidecar()) for definition in reader(entry))
    if not found:
        found = [_flow(definition, path, Sidecar()) for definition in reader(path)]
    return found


def _flow_file(folder: Path) -> Path | None:
    return next((folder / name for name in _FLOW_FILES if (folder / name).is_file()), None)


def _flow(definition: Definition, file: Path, sidecar: Sidecar) -> ProjectFlow:
    """Name a flow by its folder where the file's own name says nothing, else by its definition."""
    name = definition.name
    if (
        file.name in _FLOW_FILES and name.casefold() in {"flow", "workflow", "definition", ""}
    ) or file.name == "flow.json":
        name = file.parent.resolve().name
    return ProjectFlow(name=flow_id(name), definition=definition, sidecar=sidecar)


def _unique(flows: Sequence[ProjectFlow]) -> list[ProjectFlow]:
    known: dict[str, int] = {}
    kept: list[ProjectFlow] = []
    for flow in flows:
        key = flow.name.casefold()
        known[key] = known.get(key, 0) + 1
        if known[key] > 1:
            number = known[key]
            flow = ProjectFlow(name=f"{flow.name[:76]}-{number}", definition=flow.definition, sidecar=flow.sidecar)
        kept.append(flow)
    return kept


def _toml(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            return tomllib.load(opened)
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise InvalidProject(f"it is no TOML: {fault}", file=str(file)) from fault
    except OSError as fault:
        raise InvalidProject(f"it cannot be read: {fault.strerror}", file=str(file)) from fault


def _text(table: Mapping[str, Any], key: str, file: Path) -> str | None:
    value = table.get(key)
    if value is not None and not isinstance(value, str):
        raise InvalidProject(f"{key!r} is a text", file=str(file))
    return value
