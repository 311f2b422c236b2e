"""All connectors known to this process: built-in packs and those of other packages.

A third-party pack is an object with the `Pack` protocol behind the entry point
group `runafter.connectors`. Manifests are read when first asked for; a pack's
code is imported when one of its operations is first carried out.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.resources
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any, cast

from runafter.connectors import resolve
from runafter.connectors.manifest import InvalidManifest, Manifest, Operation, read_manifest
from runafter.connectors.resolve import UnknownConnector, UnknownOperation
from runafter.connectors.seedshape import ANY, Shape
from runafter.connectors.spec import Emulated, Face, Pack, Resolved, Store, Surroundings, Transport
from runafter.profiles.catalogue import Catalogue
from runafter.protocol.commands import Target

ENTRY_POINTS = "runafter.connectors"
_PACKS = "runafter.connectors.packs"


class FolderPack:
    """A pack that is a Python package with `manifest.toml` in it."""

    def __init__(self, package: str) -> None:
        self.package = package
        self._modules: dict[str, Any] = {}

    @cached_property
    def manifest(self) -> Manifest:
        text = importlib.resources.files(self.package).joinpath("manifest.toml").read_text("utf-8")
        return read_manifest(text, origin=self.package)

    def _module(self, name: str) -> Any:
        if name not in self._modules:
            is_there = importlib.resources.files(self.package).joinpath(f"{name}.py").is_file()
            self._modules[name] = importlib.import_module(f"{self.package}.{name}") if is_there else None
        return self._modules[name]

    def emulated(self, operation: str) -> Emulated | None:
        known = self.manifest.operations.get(operation)
        emulator = self._module("emulator")
        if known is None or emulator is None:
            return None
        return cast("Emulated | None", getattr(emulator, known.handler, None))

    def faces(self) -> Iterable[Face]:
        module = self._module("face")
        return () if module is None else cast("Iterable[Face]", module.FACES)

    def seed_shape(self) -> Shape | None:
        emulator = self._module("emulator")
        if not hasattr(emulator, "seed"):
            return None
        return getattr(emulator, "SEED", ANY)

    def seed(self, store: Store, content: Any, around: Surroundings, now: int) -> None:
        emulator = self._module("emulator")
        seed = getattr(emulator, "seed", None)
        if seed is None:
            raise InvalidManifest(f"connector {self.manifest.name!r} takes no seed")
        seed(store, content, around, now)

    def transport(self) -> Callable[[Any], Awaitable[Transport]] | None:
        module = self._module("transport")
        return None if module is None else cast("Callable[[Any], Awaitable[Transport]]", module.connect)


def built_in_packs() -> list[FolderPack]:
    root = importlib.resources.files(_PACKS)
    names = sorted(entry.name for entry in root.iterdir() if entry.joinpath("manifest.toml").is_file())
    return [FolderPack(f"{_PACKS}.{name}") for name in names]


class Registry:
    """Packs by any of their names, and resolution of calls to their operations."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self.packs: dict[str, Pack] = {}
        self._by_name: dict[str, Pack] = {}
        self._routes: dict[str, list[resolve.Route]] = {}
        self._ids: dict[str, dict[str, Operation]] = {}
        for pack in packs:
            self.add(pack)

    def add(self, pack: Pack) -> None:
        """Add a pack; a later one with the same name replaces the earlier."""
        manifest = pack.manifest
        self.packs[manifest.name] = pack
        self._routes.pop(manifest.name, None)
        self._ids.pop(manifest.name, None)
        for api in (manifest.name, *manifest.apis):
            self._by_name[resolve.connector_name(api)] = pack
        for provider in manifest.providers:
            self._by_name[provider.lower()] = pack

    def catalogue(self) -> Catalogue:
        """Return the facts of all packs, for checks that must not import connectors."""
        return Catalogue(connectors={name: pack.manifest.facts() for name, pack in sorted(self.packs.items())})

    def pack_of(self, api: str) -> Pack:
        """Return the pack of a connector under any of its names.

        Raises:
            UnknownConnector: no pack serves it; lists near names.
        """
        pack = self._by_name.get(api.lower()) or self._by_name.get(resolve.connector_name(api))
        if pack is None:
            near = resolve.nearest(resolve.connector_name(api), self._by_name)
            hint = f"Near names: {', '.join(near)}." if near else "docs/reference/connectors lists what there is."
            raise UnknownConnector(f"no connector named {api!r}", hint=hint)
        return pack

    def resolve(self, target: Target, inputs: Any) -> Resolved:
        """Return pack, operation and arguments of a call, from evaluated or unevaluated inputs.

        Raises:
            UnknownConnector: no pack serves the connector.
            UnknownOperation: the connector has no such operation or route; lists near ones.
        """
        given: Mapping[str, Any] = inputs if isinstance(inputs, Mapping) else {}
        kind = target.type.lower()
        if kind == "http" and target.api is None:
            pack = self.pack_of("http")
            return Resolved(pack=pack, operation=pack.manifest.operations["Http"], arguments=dict(given))
        if target.api is None:
            raise UnknownConnector(f"action type {target.type!r} names no connector")
        pack = self.pack_of(target.api)
        if target.operation is not None:
            operation = self._by_id(pack, target.operation)
            if kind.startswith("apiconnection"):
                arguments = resolve.api_connection_arguments(operation, {}, {}, given)
            else:
                arguments = resolve.open_api_arguments(operation, given)
            return Resolved(pack=pack, operation=operation, arguments=arguments)
        return self._by_route(pack, given)

    def _by_id(self, pack: Pack, name: str) -> Operation:
        manifest = pack.manifest
        ids = self._ids.get(manifest.name)
        if ids is None:
            ids = self._ids[manifest.name] = {}
            for operation in manifest.operations.values():
                for alias in (*operation.aliases, *operation.providers):
                    ids.setdefault(alias.lower(), operation)
            ids |= {operation.id.lower(): operation for operation in manifest.operations.values()}
        found = ids.get(name.lower())
        if found is None:
            near = resolve.nearest(name, manifest.operations)
            hint = f"Near names: {', '.join(near)}." if near else None
            raise UnknownOperation(f"connector {manifest.name!r} has no operation {name!r}", hint=hint)
        return found

    def _by_route(self, pack: Pack, inputs: Mapping[str, Any]) -> Resolved:
        manifest = pack.manifest
        routes = self._routes.get(manifest.name)
        if routes is None:
            routes = self._routes[manifest.name] = resolve.routes_of(manifest)
        path = inputs.get("path")
        method = inputs.get("method")
        if not isinstance(path, str):
            raise UnknownOperation(f"a call of connector {manifest.name!r} has neither operation nor path")
        method_text = method if isinstance(method, str) and not method.startswith("@") else None
        found = resolve.match_path(routes, method_text, path)
        if found is None:
            written = f"{(method_text or 'POST').upper()} {path}"
            near = resolve.nearest(path, {template for o in manifest.operations.values() for _, template in o.routes})
            hint = f"Near paths: {', '.join(near)}." if near else None
            raise UnknownOperation(f"connector {manifest.name!r} has no operation at {written}", hint=hint)
        operation, path_arguments, queries = found
        arguments = resolve.api_connection_arguments(operation, path_arguments, queries, inputs)
        return Resolved(pack=pack, operation=operation, arguments=arguments)


@lru_cache(maxsize=1)
def default_registry() -> Registry:
    """Return the registry of built-in packs and of every installed package's."""
    registry = Registry(built_in_packs())
    for entry in importlib.metadata.entry_points(group=ENTRY_POINTS):
        loaded = entry.load()
        registry.add(loaded() if isinstance(loaded, type) else loaded)
    return registry


def catalogue() -> Catalogue:
    """Return the facts of every connector installed."""
    return default_registry().catalogue()
