"""Leases used as locks: who acquires, who releases, what is done between, how long that may take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runafter.lint.effects import normal
from runafter.lint.flow import Flow
from runafter.program.outline import Site

_ACQUIRE = re.compile(r"(acquire_?-?lease|acquire_?-?lock|lease_?acquire)", re.IGNORECASE)
_RELEASE = re.compile(r"(release_?-?lease|release_?-?lock|lease_?release)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One acquired lease. `lease_s` is None where it is computed; -1 means for ever. `inside` runs while it is held."""

    acquire: Site
    resource: str
    lease_s: int | None
    releases: tuple[Site, ...]
    inside: tuple[Site, ...]


def locks_of(flow: Flow) -> Iterator[Lock]:
    """Yield each lease that the flow acquires, in definition order."""
    acquires = [site for site, _ in flow.calling if _action(site) == "acquire"]
    for site in acquires:
        resource = _resource(site)
        outer = next((each for each in site.around() if each.folded == "until"), site)
        releases = [
            other
            for other, call in flow.calling
            if other is not site
            and _resource(other) == resource
            and (_action(other) == "release" or (call.kind == "delete" and call.api == "http"))
        ]
        inside = [
            other
            for other, _ in flow.calling
            if other not in releases
            and flow.order.is_before(outer, other)
            and not any(flow.order.is_before(release, other) for release in releases)
            and _action(other) is None
        ]
        yield Lock(
            acquire=site, resource=resource, lease_s=_lease_s(site), releases=tuple(releases), inside=tuple(inside)
        )


def is_lease(site: Site) -> bool:
    """Tell whether a call only takes, renews or gives back a lease, which the store itself keeps apart."""
    return _action(site) is not None


def takes_under(flow: Flow, held: Lock, taken: Lock) -> bool:
    """Tell whether one lock is acquired while another is held."""
    outer = next((each for each in held.acquire.around() if each.folded == "until"), held.acquire)
    return flow.order.is_before(outer, taken.acquire) and not any(
        flow.order.is_before(release, taken.acquire) for release in held.releases
    )


def _action(site: Site) -> str | None:
    headers = site.part.at("inputs", "headers")
    said = headers.text("x-ms-lease-action") if headers is not None else None
    if said is not None:
        return said.casefold()
    operation = site.part.at("inputs", "host", "operationId")
    name = operation.value if operation is not None and isinstance(operation.value, str) else ""
    if _ACQUIRE.search(name):
        return "acquire"
    return "release" if _RELEASE.search(name) else None


def _resource(site: Site) -> str:
    """What is locked: the address without its query; for connectors the parameters that name a thing."""
    uri = site.part.at("inputs", "uri")
    if uri is not None and isinstance(uri.value, str):
        return normal(uri.value.split("?comp", 1)[0].split("?restype", 1)[0].rstrip("?"))
    parameters = site.part.at("inputs", "parameters")
    return normal(parameters.value) if parameters is not None else site.key


def _lease_s(site: Site) -> int | None:
    headers = site.part.at("inputs", "headers")
    said = headers.get("x-ms-lease-duration") if headers is not None else None
    try:
        return int(str(said.value)) if said is not None else None
    except ValueError:
        return None
