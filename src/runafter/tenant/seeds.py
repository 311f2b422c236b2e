"""Seed files: a tenant's content, connections and faults as YAML.

Top keys: `user`, `connections` (name: user, idempotent, settings), `faults`,
`users`, `groups` and `licences` (name: seats) of the directory, and one key per
service, by its everyday name or its connector's; its pack understands what
stands below (see each pack's page).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from runafter.connectors.answers import Refused
from runafter.connectors.directory import GROUP_SEED, USER_SEED
from runafter.connectors.resolve import UnknownConnector
from runafter.connectors.seedshape import ANY, NUMBER, TEXT, YES_NO, InvalidSeed, check_shape
from runafter.connectors.spec import Pack
from runafter.expressions.nearest import nearest
from runafter.tenant.faults import Fault
from runafter.tenant.names import EVERYDAY_NAMES, connector_named
from runafter.tenant.tenant import Tenant

_DIRECTORY = ("users", "groups", "licences")
_IDENTITY = {"/users": "userPrincipalName", "/groups": "displayName"}
"""By which field two seeds mean the same entry, by the list's place."""


_CONNECTION = {"user": TEXT, "idempotent": YES_NO, "settings": {"*": ANY}}
_FAULT = (TEXT, {"operation!": TEXT, **dict.fromkeys((each.name for each in fields(Fault)), ANY)})
_TENANT = {
    "user": TEXT,
    "connections": {"*": _CONNECTION},
    "faults": [_FAULT],
    "users": [USER_SEED],
    "groups": [GROUP_SEED],
    "licences": {"*": NUMBER},
}


def read_seed(text: str, *, file: str | None = None) -> dict[str, Any]:
    """Return the content of a seed file.

    Raises:
        InvalidSeed: the text is no YAML mapping.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise InvalidSeed(f"the seed is no YAML: {error}", file=file, line=line, column=column) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InvalidSeed("a seed is a mapping of connectors to content", file=file)
    return content


def merge_seeds(seeds: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return one content from several, each with the file it is from.

    Mappings are joined key by key, lists one after the other, in which an entry that is there already is taken
    once; so is a user by `userPrincipalName`, a group by `displayName`, anything else by `id`.

    Raises:
        InvalidSeed: two files give one place different values.
    """
    whole: dict[str, Any] = {}
    for file, content in seeds:
        whole = _joined(whole, content, "", file)
    return whole


def _joined(first: Any, second: Any, pointer: str, file: str) -> Any:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        joined = dict(first)
        for key, value in second.items():
            place = pointer + "/" + str(key).replace("~", "~0").replace("/", "~1")
            joined[key] = _joined(first[key], value, place, file) if key in first else value
        return joined
    if isinstance(first, list) and isinstance(second, list):
        return _joined_lists(first, second, pointer, file)
    if first is None or second is None or first == second:
        return second if first is None else first
    raise InvalidSeed(
        f"{second!r} stands here, and {first!r} in a seed read before",
        file=file,
        pointer=pointer,
        hint="Write the same in both, or one tenant.yaml at the project's root.",
    )


def _joined_lists(first: list[Any], second: list[Any], pointer: str, file: str) -> list[Any]:
    name = _IDENTITY.get(pointer, "id")

    def spelled_out(entry: Any) -> Any:
        return {name: entry} if isinstance(entry, str) and pointer in _IDENTITY else entry

    def identity(entry: Any) -> str | None:
        whole = spelled_out(entry)
        return str(whole[name]).casefold() if isinstance(whole, Mapping) and name in whole else None

    joined = list(first)
    places = {identity(entry): place for place, entry in enumerate(joined) if identity(entry) is not None}
    for number, entry in enumerate(second):
        known = places.get(identity(entry))
        if known is not None:
            rest = {key: value for key, value in spelled_out(entry).items() if key != name}
            joined[known] = _joined(spelled_out(joined[known]), rest, f"{pointer}/{number}", file)
        elif entry not in first:
            joined.append(entry)
    return joined


def check_seed(tenant: Tenant, content: Mapping[str, Any], *, text: str = "", file: str | None = None) -> None:
    """Compare a seed with what the tenant's services understand; nothing is filled. `text` gives lines to errors.

    Raises:
        InvalidSeed: a connector or a key is unknown, or a value of the wrong kind.
    """
    try:
        for name, value in content.items():
            shape = _TENANT[name] if name in _TENANT else _pack_named(tenant, name).seed_shape()
            if shape is None:
                raise InvalidSeed(f"connector {name!r} takes no seed", pointer=f"/{name}")
            check_shape(shape, value, f"/{name}")
    except InvalidSeed as error:
        raise _placed(error, text, file) from error


def _placed(error: InvalidSeed, text: str, file: str | None) -> InvalidSeed:
    line, column = place_of(text, error.pointer)
    return InvalidSeed(
        error.message, pointer=error.pointer, line=line, column=column, file=error.file or file, hint=error.hint
    )


def place_of(text: str, pointer: str) -> tuple[int, int]:
    """Return (line, column), from 1, of what a pointer names in a YAML text: a key, or a list's entry; else (0, 0)."""
    node = yaml.compose(text) if text else None
    mark = None
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == name), None)
            if found is None:
                break
            mark, node = found[0].start_mark, found[1]
        elif isinstance(node, yaml.SequenceNode) and int(name) < len(node.value):
            node = node.value[int(name)]
            mark = node.start_mark
        else:
            break
    return (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)


def apply_seed(tenant: Tenant, content: Mapping[str, Any]) -> None:
    """Fill the tenant from the content of a seed file.

    Raises:
        InvalidSeed: a connector or a key is unknown, or a value of the wrong kind.
    """
    check_seed(tenant, content)
    for name in _DIRECTORY:
        if content.get(name):
            _apply_connector(tenant, "azuread", _directory_seed(name, content[name]), written=name)
    for name, value in content.items():
        if name == "user":
            tenant.user = str(value)
        elif name == "connections":
            for connection, entry in (value or {}).items():
                tenant.connect(connection, **{"user": tenant.user, **(entry or {})})
        elif name == "faults":
            for rule in value or []:
                tenant.faults.add(rule)
        elif name not in _DIRECTORY:
            _apply_connector(tenant, name, value)


def _directory_seed(name: str, value: Any) -> dict[str, Any]:
    return (
        {"skus": {str(sku): {"seats": seats} for sku, seats in value.items()}} if name == "licences" else {name: value}
    )


def _apply_connector(tenant: Tenant, name: str, value: Any, *, written: str | None = None) -> None:
    pack = _pack_named(tenant, name)
    if value is None:
        return
    written = written or name
    try:
        pack.seed(tenant.store_of(pack.manifest.name), value, tenant, tenant.clock.now_ticks())
    except (Refused, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidSeed(f"the seed of {written!r} is wrong: {error}", pointer=f"/{written}") from error


def _pack_named(tenant: Tenant, name: str) -> Pack:
    try:
        return tenant.registry.pack_of(connector_named(name))
    except UnknownConnector as error:
        known = [*_TENANT, *EVERYDAY_NAMES, *tenant.registry.packs]
        meant = nearest(str(name), known)
        hint = f"Did you mean {meant!r}?" if meant else error.hint
        raise InvalidSeed(f"no service or key {name!r}", pointer=f"/{name}", hint=hint) from error


def checked_seed(tenant: Tenant, path: Path) -> dict[str, Any]:
    """Return the content of a seed file that this tenant understands.

    Raises:
        InvalidSeed: it does not; with the line.
        OSError: the file cannot be read.
    """
    text = path.read_text("utf-8-sig")
    content = read_seed(text, file=str(path))
    check_seed(tenant, content, text=text, file=str(path))
    return content


def seed_file(tenant: Tenant, path: Path) -> None:
    """Fill the tenant from a seed file."""
    content = checked_seed(tenant, path)
    try:
        apply_seed(tenant, content)
    except InvalidSeed as error:
        raise _placed(error, path.read_text("utf-8-sig"), str(path)) from error
