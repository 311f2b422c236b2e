"""A job for a run that is in the database already: to go on with it, or to run it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runafter.definition.nodes import Definition
from runafter.errors import EnvironmentFault
from runafter.journal.journal import Journal
from runafter.journal.rows import RunHeader
from runafter.local.package import unpack
from runafter.local.run import Job
from runafter.protocol.events import RunStarted


async def job_of(
    journal: Journal, header: RunHeader, around: Callable[[Definition, Mapping[str, Any]], Mapping[str, Any]]
) -> Job:
    """Return a job with the definition, trigger outputs and parameters that the run began with.

    `around(definition, settings)` returns the job's other options: mocks, tenant, connections.

    Raises:
        EnvironmentFault: PKG003, the definition is not in the database.
    """
    kept = await journal.definition(header.program)
    if kept is None:
        raise EnvironmentFault(
            f"the definition of run {header.id} is not in the database",
            code="PKG003",
            hint="Run the flow's file again.",
        )
    events = await journal.read(header.id)
    started = events[0]
    if not isinstance(started, RunStarted):
        raise EnvironmentFault(f"the journal of run {header.id} does not begin with its start", code="PKG004")
    definition = unpack(kept[1])
    job = Job(
        definition,
        trigger=started.trigger.get("outputs") or {},
        parameters=started.parameters,
        app_settings=started.app_settings,
        workflow=started.workflow,
        **around(definition, started.settings),
    )
    job.settings = dict(started.settings)
    job.trigger_outputs = dict(started.trigger.get("outputs") or {})
    return job
