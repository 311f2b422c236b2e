"""From a journal back to a live run; from a live run's past to history rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runafter.engine.flags import unknown_flags
from runafter.engine.step import Run
from runafter.errors import EnvironmentFault
from runafter.hosts.embedded.loop import LiveRun
from runafter.journal.journal import Journal
from runafter.program.steps import Program
from runafter.protocol.commands import RecordAction
from runafter.protocol.events import Event, RunStarted
from runafter.storage.batch import Batch
from runafter.storage.faults import StorageFault

LoadProgram = Callable[[str, bytes], Program]
"""Builds a program from its hash and the source kept in the database."""


class UnplayableRun(EnvironmentFault):
    """The journal cannot be continued here: its program cannot be had, or a newer release wrote it."""

    code = "HST001"


class Programs:
    """Programs by hash: those given by the caller, and those built from the database."""

    def __init__(self, journal: Journal, load: LoadProgram | None) -> None:
        self._journal = journal
        self._load = load
        self._known: dict[str, Program] = {}
        self._kept: set[str] = set()

    def add(self, program: Program, source: bytes | None, batch: Batch) -> None:
        """Remember the program; keep its source in the batch's transaction where it is not kept yet."""
        self._known[program.hash] = program
        if source is not None and program.hash not in self._kept:
            self._journal.define(batch, program.hash, program.name, source)

    def kept(self, program_hash: str) -> None:
        """Note that the source is durable."""
        self._kept.add(program_hash)

    async def get(self, program_hash: str) -> Program:
        """Return the program.

        Raises:
            UnplayableRun: it is not in the database, or cannot be built.
        """
        known = self._known.get(program_hash)
        if known is not None:
            return known
        found = await self._journal.definition(program_hash)
        if found is None or self._load is None:
            raise UnplayableRun(
                f"the definition {program_hash[:12]} of the run is not in the database",
                hint="Start a host that is given this flow's file; its runs then resume.",
            )
        name, source = found
        try:
            program = self._load(program_hash, source)
        except Exception as error:
            raise UnplayableRun(f"the kept definition of flow {name!r} cannot be built: {error}") from error
        if program.hash != program_hash:
            raise UnplayableRun(
                f"the kept definition of flow {name!r} builds to another program than the one that the run began with",
                hint="Another version of Runafter, or another profile, has started the run; resume it with that.",
            )
        self._known[program_hash] = program
        return program


def replay(run_id: str, program: Program, events: Sequence[Event]) -> LiveRun:
    """Step a new run through its journal. Nothing is sent.

    Raises:
        UnplayableRun: a newer release wrote the journal.
    """
    first = events[0] if events else None
    if not isinstance(first, RunStarted):
        raise UnplayableRun(f"the journal of run {run_id} does not begin with its start")
    unknown = unknown_flags(first.flags)
    if unknown:
        raise UnplayableRun(
            f"run {run_id} was begun by a newer release of Runafter (flags {', '.join(unknown)})",
            hint="Upgrade Runafter.",
        )
    live = LiveRun(run_id, Run(program, flags=first.flags))
    step = live.machine.step
    for event in events:
        live.track(event, step(event))
    return live


async def read_live(journal: Journal, programs: Programs, run_id: str) -> LiveRun:
    """Read a run from its journal.

    Raises:
        CorruptJournal, UnplayableRun, StorageFault: it cannot be continued here, or not now.
    """
    events = await journal.read(run_id)
    program_hash = events[0].program if events and isinstance(events[0], RunStarted) else ""
    return replay(run_id, await programs.get(program_hash), events)


async def rebuild_history(journal: Journal, programs: Programs, run_id: str) -> int:
    """Write the run's history rows again from its journal, in one transaction; return how many."""
    events = await journal.read(run_id)
    program_hash = events[0].program if events and isinstance(events[0], RunStarted) else ""
    machine = Run(await programs.get(program_hash), flags=events[0].flags if isinstance(events[0], RunStarted) else ())
    records = [command for event in events for command in machine.step(event) if isinstance(command, RecordAction)]
    batch = Batch()
    faults: list[StorageFault | None] = []
    batch.then = faults.append
    journal.history.rebuild(run_id, records, batch)
    journal.storage.submit(batch)
    await journal.storage.flush()
    for fault in faults:
        if fault is not None:
            raise fault
    return len(records)
