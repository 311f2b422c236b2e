"""The installed flows, built and ready: from a project into the catalog, and from the catalog into memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runafter.catalog.catalog import Catalog
from runafter.catalog.rows import FlowMeta, FlowRow, FlowState
from runafter.definition.nodes import Definition
from runafter.errors import EnvironmentFault, ExpressionError, Finding, InvalidDefinition
from runafter.expressions.template import Template, compile_template
from runafter.hosts.clock import Clock
from runafter.local.package import pack, unpack
from runafter.local.run import Job
from runafter.local.triggers import declared_key
from runafter.program.build import build, content_hash, problems
from runafter.program.steps import Program, RespondStep, Trigger
from runafter.project.project import Project, ProjectFlow


class UnknownFlow(EnvironmentFault):
    """No flow has this name."""

    code = "SRV001"


@dataclass(slots=True, kw_only=True)
class Flow:
    """One version of a flow. `program` is None where `findings` hold an error: it is shown, but does not run."""

    row: FlowRow
    source: bytes
    definition: Definition
    program: Program | None
    findings: tuple[Finding, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    app_settings: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    key: Template | None = None
    responds: bool = field(init=False)
    """Whether a caller waits for a Response."""
    responds_later: bool = field(init=False)
    """Whether a caller is told by 202 where to ask for a Response."""
    given: Mapping[str, Any] = field(init=False)
    """The parameters, those of the definition's defaults included."""

    def __post_init__(self) -> None:
        steps = self.program.steps.values() if self.program is not None else ()
        self.responds = any(isinstance(step, RespondStep) and not step.asynchronous for step in steps)
        self.responds_later = not self.responds and any(isinstance(step, RespondStep) for step in steps)
        declared = self.program.parameters.items() if self.program is not None else ()
        self.given = {**{name: each.default for name, each in declared if each.has_default}, **self.parameters}

    @property
    def name(self) -> str:
        return self.row.name

    def trigger(self, name: str) -> Trigger | None:
        """Return the trigger of this name, in any letter case."""
        if self.program is None:
            return None
        known = self.program.triggers.get(name)
        if known is not None and known.name == name:
            return known
        folded = name.casefold()
        return next((each for each in self.program.triggers.values() if each.name.casefold() == folded), None)


class FlowBook:
    """Current versions by name; older ones are read when a waiting run needs them."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._flows: dict[str, Flow] = {}
        self._older: dict[tuple[str, str], Flow] = {}
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Build what the catalog holds."""
        for row in await self._catalog.flows():
            self._flows[row.name.casefold()] = await self._read(row, row.version)

    async def load(self, project: Project) -> list[str]:
        """Install the project's flows; return the names of those that are new or changed."""
        changed = []
        for each in project.flows:
            before = self._flows.get(each.name.casefold())
            flow = await self.install(each)
            if before is None or before.row != flow.row:
                changed.append(flow.name)
        return changed

    async def install(self, given: ProjectFlow, state: FlowState = "Enabled") -> Flow:
        """Make this the flow's current version; runs under way end on theirs."""
        definition, sidecar = given.definition, given.sidecar
        source = pack(definition)
        meta = FlowMeta(
            owner=sidecar.owner,
            deputy=sidecar.deputy,
            purpose=sidecar.purpose,
            criticality=sidecar.criticality,
            deduplication_key=sidecar.deduplication_key or declared_key(definition),
            deduplication_ttl_s=sidecar.deduplication_ttl_s,
            key_headers=dict(sidecar.key_headers),
            review=sidecar.review,
            file=definition.file,
            sidecar=dict(sidecar.raw),
        )
        async with self._lock:
            row = await self._catalog.install(
                given.name,
                title=definition.name if definition.name.casefold() not in {"flow", "workflow"} else given.name,
                program=content_hash(definition.value),
                source=source,
                meta=meta,
                at=self._clock(),
                state=state,
            )
            flow = _made(row, source, definition)
            self._flows[row.name.casefold()] = flow
            return flow

    async def follow(self) -> list[str]:
        """Take over what other processes have written: flows switched, imported, removed. Return their names."""
        async with self._lock:
            rows = {row.name.casefold(): row for row in await self._catalog.flows()}
            changed = []
            for folded, row in rows.items():
                known = self._flows.get(folded)
                if known is not None and known.row == row:
                    continue
                if known is not None and (known.row.version, known.row.meta) == (row.version, row.meta):
                    known.row = row
                else:
                    self._flows[folded] = await self._read(row, row.version)
                changed.append(row.name)
            gone = [folded for folded in self._flows if folded not in rows]
            return changed + [self._flows.pop(folded).name for folded in gone]

    def all(self) -> list[Flow]:
        return sorted(self._flows.values(), key=lambda flow: flow.name)

    def get(self, name: str) -> Flow:
        """Return the flow's current version.

        Raises:
            UnknownFlow: there is none.
        """
        found = self._flows.get(name.casefold())
        if found is None:
            raise UnknownFlow(f"there is no flow {name!r}", hint="List them with `runafter flows list`.")
        return found

    async def at(self, name: str, version: str) -> Flow:
        """Return a flow as of a version.

        Raises:
            UnknownFlow: there is no such version.
        """
        current = self._flows.get(name.casefold())
        if current is not None and current.row.version == version:
            return current
        known = self._older.get((name, version))
        if known is None:
            row = current.row if current is not None else await self._catalog.flow(name)
            if row is None:
                raise UnknownFlow(f"there is no flow {name!r}")
            known = self._older[name, version] = await self._read(row, version)
        return known

    async def switch(self, name: str, state: FlowState) -> Flow:
        """Enable or disable a flow."""
        async with self._lock:
            flow = self.get(name)
            flow.row = await self._catalog.set_state(flow.row, state, self._clock())
            return flow

    async def remove(self, name: str) -> bool:
        async with self._lock:
            flow = self.get(name)
            del self._flows[flow.name.casefold()]
            return await self._catalog.remove(flow.name)

    async def _read(self, row: FlowRow, version: str) -> Flow:
        kept = await self._catalog.version(row.name, version)
        if kept is None:
            raise UnknownFlow(f"flow {row.name!r} has no version {version}")
        return _made(row, kept.source, unpack(kept.source))


def _made(row: FlowRow, source: bytes, definition: Definition) -> Flow:
    key: Template | None = None
    try:
        program = build(definition)
        if row.meta.deduplication_key is not None:
            key = compile_template(row.meta.deduplication_key)
    except InvalidDefinition as fault:
        return Flow(row=row, source=source, definition=definition, program=None, findings=fault.findings)
    except ExpressionError as fault:
        wrong = Finding(
            code=fault.code,
            severity="error",
            message=f"deduplication_key: {fault.message}",
            file=row.meta.file or None,
            hint=fault.hint,
        )
        return Flow(
            row=row,
            source=source,
            definition=definition,
            program=None,
            findings=(*problems(definition), wrong),
        )
    job = Job(definition, key_headers=row.meta.key_headers)
    return Flow(
        row=row,
        source=source,
        definition=definition,
        program=program,
        findings=program.findings,
        parameters=job.parameters,
        app_settings=job.app_settings,
        settings=job.settings,
        key=key,
    )
