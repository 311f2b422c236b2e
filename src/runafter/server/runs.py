"""The runs that there are: those in the journal, and those that still wait for their turn at a trigger."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from runafter.catalog.catalog import Catalog
from runafter.catalog.rows import WaitingRun
from runafter.errors import EnvironmentFault
from runafter.journal.journal import Journal
from runafter.journal.rows import RunHeader
from runafter.local.package import load_program
from runafter.program.steps import Program
from runafter.server.firing import Firing

_MOST_PROGRAMS = 30


class Runs:
    """Reads runs as those see them who were told their names: a run that waits is one, too."""

    def __init__(self, journal: Journal, catalog: Catalog, firing: Firing) -> None:
        self._journal = journal
        self._catalog = catalog
        self._firing = firing
        self._programs: dict[str, Program] = {}

    async def run(self, run_id: str) -> RunHeader | None:
        """Return the run's header, or None."""
        waiting = self._firing.waiting_run(run_id)
        header = await self._journal.run(run_id)
        if header is None and waiting is None:
            waiting = self._firing.waiting_run(run_id)
        return await self._header(waiting) if header is None and waiting is not None else header

    async def trigger(self, run_id: str) -> Mapping[str, Any] | None:
        """Return the whole record of the trigger that began the run; None where there is no such run."""
        waiting = self._firing.waiting_run(run_id)
        if waiting is not None:
            return waiting.event
        started = await self._journal.beginning(run_id)
        return started.trigger if started is not None else None

    async def shown_trigger(self, header: RunHeader) -> dict[str, Any]:
        """Return the trigger's record without what its flow secures; `secured` names that."""
        record = dict(await self.trigger(header.id) or {})
        try:
            program = await self.program(header)
        except EnvironmentFault:
            program = None  # kept by another release: what it secures cannot be told
        trigger = program.triggers.get(str(record.get("name", ""))) if program is not None else None
        secured = [
            side
            for side, is_secured in (
                ("inputs", program is None or (trigger is not None and trigger.secure_inputs)),
                ("outputs", program is None or (trigger is not None and trigger.secure_outputs)),
            )
            if is_secured and record.pop(side, None) is not None
        ]
        return {**record, "secured": secured} if secured else record

    async def runs(
        self,
        *,
        flow: str | None = None,
        statuses: Sequence[str] = (),
        started_from: int | None = None,
        started_before: int | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> list[RunHeader]:
        """Return runs, newest first. `after` is the id of the last run of the page before; times are ticks."""
        waiting = [
            each
            for each in self._firing.waiting(flow)
            if (not statuses or "Waiting" in statuses)
            and (after is None or each.run_id > after)
            and (started_from is None or each.since >= started_from)
            and (started_before is None or each.since < started_before)
        ]
        found = await self._journal.runs(
            flow=flow,
            statuses=statuses,
            started_from=started_from,
            started_before=started_before,
            after=after,
            limit=limit,
        )
        begun = {header.id for header in found}
        found += [await self._header(each) for each in waiting if each.run_id not in begun]
        return sorted(found, key=lambda header: header.id)[:limit]

    async def version(self, header: RunHeader) -> str | None:
        """Return the version of the flow that the run began with."""
        waiting = self._firing.waiting_run(header.id)
        if waiting is not None:
            return waiting.version
        for row in await self._catalog.versions(header.flow):
            if row.program == header.program and row.created_at <= header.started_at:
                return row.version
        return None

    async def source(self, header: RunHeader) -> bytes | None:
        """Return the packed definition that the run began with."""
        kept = await self._journal.definition(header.program)
        if kept is not None:
            return kept[1]
        version = await self.version(header)
        row = await self._catalog.version(header.flow, version) if version is not None else None
        return row.source if row is not None else None

    async def program(self, header: RunHeader) -> Program | None:
        """Return the program that the run began with; None where the database has none."""
        known = self._programs.get(header.program)
        if known is None:
            source = await self.source(header)
            if source is None:
                return None
            if len(self._programs) >= _MOST_PROGRAMS:
                self._programs.clear()
            known = self._programs[header.program] = await asyncio.to_thread(load_program, header.program, source)
        return known

    async def _header(self, waiting: WaitingRun) -> RunHeader:
        version = await self._catalog.version(waiting.flow, waiting.version)
        return RunHeader(
            id=waiting.run_id,
            flow=waiting.flow,
            program=version.program if version is not None else "",
            status="Waiting",
            position=0,
            owner=None,
            wake_at=None,
            started_at=waiting.since,
            ended_at=None,
            code=None,
            error=None,
            outputs=None,
            start_key=None,
            parent=None,
            client_tracking_id=waiting.client_tracking_id,
        )
