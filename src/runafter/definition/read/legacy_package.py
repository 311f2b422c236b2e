"""Legacy Power Automate packages: `Microsoft.Flow/flows/<id>/definition.json` with its maps and manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from runafter.definition.nodes import Definition
from runafter.definition.read.plain import read_plain
from runafter.definition.source import parse_bytes
from runafter.errors import UnreadableSource

_MARK = "microsoft.flow/flows/"


def package_flows(files: Mapping[str, bytes]) -> list[str]:
    """Return the paths of flow definitions in a legacy package."""
    return [path for path in files if _MARK in path.casefold() and path.casefold().endswith("/definition.json")]


def read_package(files: Mapping[str, bytes], paths: list[str], prefix: str) -> Iterator[Definition]:
    """Yield the flows of a legacy package; connection ids and display names come from its manifest and maps."""
    for path in paths:
        root = path[: path.casefold().index(_MARK)]
        manifest = _json(files, root + "manifest.json")
        folder = path.rsplit("/", 1)[0]
        connections_map = _json(files, folder + "/connectionsMap.json")
        resources = manifest.get("resources") if isinstance(manifest.get("resources"), dict) else {}
        document = parse_bytes(files[path], prefix + path)
        display = document.find("/properties/displayName")
        definition = read_plain(
            document,
            prefix + path,
            name=display.value if display is not None and isinstance(display.value, str) else None,
        )
        if definition is None:
            continue
        connections = {}
        for name, item in definition.connections.items():
            resource = (resources or {}).get(str(connections_map.get(name)))
            details = resource.get("details") if isinstance(resource, dict) else None
            shown = details.get("displayName") if isinstance(details, dict) else None
            connections[name] = replace(item, display_name=shown if isinstance(shown, str) else item.display_name)
        details = manifest.get("details")
        yield replace(
            definition,
            container="legacy-package",
            profile="power-automate",
            connections=connections,
            metadata={"package": details} if isinstance(details, dict) else {},
        )


def _json(files: Mapping[str, bytes], path: str) -> dict[str, Any]:
    folded = path.casefold()
    for name, data in files.items():
        if name.casefold() == folded:
            try:
                value = parse_bytes(data, name).value
            except UnreadableSource:
                return {}
            return value if isinstance(value, dict) else {}
    return {}
