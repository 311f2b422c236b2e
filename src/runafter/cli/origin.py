"""What a run was begun with, kept in its settings: mocks, tenant, connections, called flows; and how it is had again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from runafter.cli.beside import Beside, beside, open_beside
from runafter.local.mocks import Mocks

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition
    from runafter.program.steps import Program
    from runafter.project.connections import ConnectionSetting
    from runafter.project.project import Sidecar
    from runafter.tenant.tenant import Tenant

ORIGIN = "origin"
"""The setting that holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What stood around a run: files by their full paths, and options as they were given."""

    path: str | None = None
    dialect: str | None = None
    folders: tuple[str, ...] = ()
    tenant: str | None = None
    no_tenant: bool = False
    faults: tuple[str, ...] = ()
    tenant_profile: str | None = None
    tenant_state: str | None = None
    mocks: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if getattr(self, name)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The same, opened: ready for a job."""

    mocks: Mocks = field(default_factory=Mocks)
    auto: bool = False
    tenant: Tenant | None = None
    connections: Mapping[str, ConnectionSetting] = field(default_factory=dict)
    flows: Sequence[Definition] = ()
    sidecar: Sidecar | None = None


def origin_of(path: str, near: Beside, *, mocks: Sequence[str], faults: Sequence[str], **more: Any) -> Origin:
    """Return what `runafter run` was given, with full paths; `more` are the other fields of an origin."""
    for name in ("tenant", "tenant_state"):
        more[name] = None if more.get(name) is None else _full(more[name])
    return Origin(
        path=None if path == "-" else _full(path),
        folders=tuple(_full(folder) for folder in near.folders),
        mocks=tuple(source if source == "auto" else _full(source) for source in mocks),
        faults=tuple(_full(fault) if Path(fault).is_file() else fault for fault in faults),
        **more,
    )


def around_again(
    run_id: str,
    settings: Mapping[str, Any],
    definition: Definition,
    program: Program,
    *,
    mock: Sequence[str],
    project: str | None,
    tenant_state: str | None,
    db: str,
    goes_on: bool,
) -> Around:
    """Return what the run was begun with; options come before what its settings say.

    Raises:
        click.UsageError: it calls connectors, or ran on a tenant, and nothing tells what answers; a file is gone.
    """
    from runafter.cli.mocking import read_mocks

    kept = settings.get(ORIGIN)
    known = _origin(kept) if isinstance(kept, Mapping) else None
    if project is not None:
        known = _of_project(project, definition, known, tenant_state, db)
    if known is None:
        _refuse_unknown(run_id, program, settings, mock, tenant_state, db)
        known = Origin()
    if tenant_state is not None:
        known = replace(known, tenant_state=_full(tenant_state))
    if mock:
        known = replace(known, mocks=tuple(mock))
    gone = [file for file in _files(known) if not Path(file).exists()]
    if gone:
        raise click.UsageError(
            f"run {run_id} was begun with {gone[0]}, which is gone. Put it back, or say what answers the run's calls: "
            "--project DIR (its connections.toml and tenant.yaml), --mock FILE."
        )
    mocks, auto = read_mocks(known.mocks)
    near = Beside(tuple(Path(folder) for folder in known.folders))
    connections = near.connections()
    tenant = open_beside(
        near,
        seed_file=known.tenant,
        leave_out=known.no_tenant,
        mocked=auto,
        emulates=any(setting.live is None for setting in connections.values()),
        faults=known.faults,
        profile=known.tenant_profile,
        state=known.tenant_state,
        seed=0,
    )
    if tenant is not None and goes_on and known.tenant_state is None:
        click.echo(
            "The tenant lived in memory and begins anew from its seed: what the run wrote before is not in it. "
            "A tenant lasts with `runafter run --tenant-state FILE`.",
            err=True,
        )
    return Around(
        mocks=mocks,
        auto=auto,
        tenant=tenant,
        connections=connections,
        flows=_called(known, definition),
        sidecar=near.sidecar(),
    )


def _of_project(
    project: str, definition: Definition, known: Origin | None, tenant_state: str | None, db: str
) -> Origin:
    """Return an origin in a project's folder, a flow's folder or a flow's file; a served tenant's state with it."""
    from runafter.local.read import read
    from runafter.server.served_tenant import state_beside

    place = Path(project)
    if not place.exists():
        raise click.BadParameter(f"there is no {project!r}", param_hint="--project")
    same = [each for each in read(place) if each.name.casefold() == definition.name.casefold()]
    near = beside(project, same[0] if len(same) == 1 else definition)
    state = state_beside(db) if known is None and tenant_state is None else None
    found = replace(
        known or Origin(),
        path=_full(project),
        folders=tuple(_full(folder) for folder in near.folders),
        tenant=None,
    )
    return replace(found, tenant_state=_full(state)) if state is not None and state.is_file() else found


def _refuse_unknown(
    run_id: str,
    program: Program,
    settings: Mapping[str, Any],
    mock: Sequence[str],
    tenant_state: str | None,
    db: str,
) -> None:
    from runafter.program.steps import CallStep
    from runafter.server.served_tenant import state_beside

    if mock or tenant_state is not None:
        return
    calls = [step for step in program.steps.values() if isinstance(step, CallStep)]
    through = sorted({step.target.connection for step in calls if step.target.connection})
    state = state_beside(db)
    was_served = bool(calls) and state is not None and state.is_file()
    if not through and not was_served and not settings.get("on_tenant"):
        return
    what = f"calls {', '.join(through)}" if through else "was begun on a tenant"
    raise click.UsageError(
        f"run {run_id} {what}, and its settings do not say what answers there. Say it: --project DIR (its "
        "connections.toml and tenant.yaml), --tenant-state FILE, --mock FILE; or let `runafter serve DIR` carry it out."
    )


def _called(known: Origin, definition: Definition) -> list[Definition]:
    """Return the flows that lay beside the run's own: it may call them."""
    from runafter.local.read import read

    if known.path is None:
        return []
    found = read(Path(known.path), profile=known.dialect)
    return [each for each in found if each.name.casefold() != definition.name.casefold()]


def _files(known: Origin) -> list[str]:
    named = [*known.folders, *(source for source in known.mocks if source != "auto")]
    return [*([known.path] if known.path else []), *named, *([known.tenant] if known.tenant else [])]


def _origin(kept: Mapping[str, Any]) -> Origin:
    return msgspec.convert(dict(kept), Origin)


def _full(path: str | Path) -> str:
    return str(Path(path).resolve())
