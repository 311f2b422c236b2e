"""Seed files: a tenant's content, connections and faults as YAML.

Top keys: `user`, `connections` (name: user, idempotent, settings), `faults`,
`users`, `groups` and `licences` (name: seats) of the directory, and one key per
service, by its everyday name or its connector's; its pack understands what
stands below (see each pack's page).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from runafter.connectors.answers import Refused
from runafter.connectors.resolve import UnknownConnector
from runafter.errors import DefinitionError
from runafter.tenant.names import connector_named
from runafter.tenant.tenant import Tenant

_DIRECTORY = ("users", "groups", "licences")
_IDENTITY = {"/users": "userPrincipalName", "/groups": "displayName"}
"""By which field two seeds mean the same entry, by the list's place."""


class InvalidSeed(DefinitionError):
    """A seed file is broken; names the key."""

    code = "TEN004"


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


def apply_seed(tenant: Tenant, content: Mapping[str, Any]) -> None:
    """Fill the tenant from the content of a seed file.

    Raises:
        InvalidSeed: a connector is unknown or its content is of the wrong kind.
    """
    directory = {name: content[name] for name in _DIRECTORY if content.get(name)}
    if directory:
        _apply_connector(tenant, "azuread", _directory_seed(directory))
    for name, value in content.items():
        if name == "user":
            tenant.user = str(value)
        elif name == "connections":
            for connection, entry in value.items():
                tenant.connect(connection, **entry)
        elif name == "faults":
            for rule in value:
                tenant.faults.add(rule)
        elif name not in _DIRECTORY:
            _apply_connector(tenant, name, value)


def _directory_seed(given: Mapping[str, Any]) -> dict[str, Any]:
    licences = given.get("licences") or {}
    if not isinstance(licences, Mapping):
        raise InvalidSeed("licences are names with their seats", pointer="/licences", hint="Write SPE_E3: 50.")
    skus = {str(sku): {"seats": seats} for sku, seats in licences.items()}
    return {"users": given.get("users"), "groups": given.get("groups"), "skus": skus}


def _apply_connector(tenant: Tenant, name: str, value: Any) -> None:
    try:
        pack = tenant.registry.pack_of(connector_named(name))
    except UnknownConnector as error:
        raise InvalidSeed(error.message, pointer=f"/{name}", hint=error.hint) from error
    try:
        pack.seed(tenant.store_of(pack.manifest.name), value, tenant, tenant.clock.now_ticks())
    except (Refused, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidSeed(f"the seed of {name!r} is wrong: {error}", pointer=f"/{name}") from error


def seed_file(tenant: Tenant, path: Path) -> None:
    """Fill the tenant from a seed file."""
    apply_seed(tenant, read_seed(path.read_text("utf-8"), file=str(path)))
