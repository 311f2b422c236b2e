"""`runafter.run`: one call, either clock.

The same embedded host runs in both: on the machine's event loop and a database
of choice, or on a virtual loop where weeks take milliseconds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from runafter.definition.nodes import Definition
from runafter.errors import InvalidDefinition, RunafterError
from runafter.expressions.nearest import nearest
from runafter.hosts.clock import machine_clock
from runafter.hosts.embedded.host import Host
from runafter.local.auto import Auto
from runafter.local.connected import Connected, connect_tenant
from runafter.local.mocks import MockError, Mocks, load
from runafter.local.outside import Flows, LocalOutside
from runafter.local.package import load_program, pack
from runafter.local.parameters import refuse_unfit
from runafter.local.tenant import (
    CALLBACKS,
    FaultLike,
    OnTenant,
    TenantLike,
    attached,
    open_tenant,
    seed_of_run,
    start_of,
)
from runafter.local.triggers import outputs_of, trigger_record
from runafter.program.build import build
from runafter.program.steps import CallStep, Program
from runafter.project.connections import ConnectionSetting
from runafter.protocol.commands import FinishRun, NoteStarted, RecordAction, Repetition, SendResponse
from runafter.protocol.events import Event
from runafter.protocol.ids import newer_name
from runafter.simulator.host import Simulation, run_virtual
from runafter.tenant.tenant import Tenant

T = TypeVar("T")
Notice = NoteStarted | RecordAction | SendResponse | FinishRun
Listener = Callable[[str, Notice], None]
TICKS_PER_S = 10_000_000
RACY_WINDOW_S = 1.0
"""How far apart reading and writing a racy variable are at most: as long as a call of a connector."""
_ZERO = "00000000-0000-0000-0000-000000000000"
"""Stands for the subscription and the environment, so that flows which cut such ids out of names find one."""


class RunRefused(RunafterError):
    """A run cannot begin: no trigger outputs, a missing parameter, a wrong option."""

    code = "LOC001"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How a run ended and what happened in it.

    `actions` holds the records by action name, one per repetition in order of
    the loops; `variables` their last values; `journal` the run's events;
    `duration` is virtual time on the virtual clock; `tenant` the emulated
    tenant that answered, as the run left it.
    """

    run_id: str
    status: str
    code: str | None
    error: Any
    outputs: Any
    actions: Mapping[str, Sequence[RecordAction]] = field(repr=False)
    response: SendResponse | None
    variables: Mapping[str, Any]
    duration: timedelta
    journal: Sequence[Event] = field(repr=False)
    program: Program = field(repr=False)
    tenant: Tenant | None = field(default=None, repr=False)

    @property
    def succeeded(self) -> bool:
        return self.status == "Succeeded"

    def action(self, name: str, repetition: Repetition = ()) -> RecordAction:
        """Return the record of an action (of one repetition); letter case does not matter.

        Raises:
            KeyError: the action has not settled in this run, or has no such repetition.
        """
        folded = name.casefold()
        for key, records in self.actions.items():
            if key.casefold() == folded:
                for record in records:
                    if record.repetition == repetition:
                        return record
        raise KeyError(f"no record of {name!r}" + (f" in repetition {repetition}" if repetition else ""))


def run(
    definition: Definition,
    *,
    flows: Iterable[Definition] = (),
    trigger: Any = None,
    parameters: Mapping[str, Any] | None = None,
    app_settings: Mapping[str, str] | None = None,
    mocks: Mapping[str, Any] | Mocks | Literal["auto"] | None = None,
    clock: Literal["virtual", "real"] = "virtual",
    seed: int = 0,
    db: str | None = None,
    variables: Literal["atomic", "racy"] = "atomic",
    in_flight: int = 50,
    duration_limit: timedelta | None = None,
    key_headers: Mapping[str, str] | None = None,
    listener: Listener | None = None,
    tenant: TenantLike | None = None,
    faults: Iterable[FaultLike] | str | Path = (),
    tenant_profile: str | None = None,
) -> RunResult:
    """Run a flow to its end and return what happened; works in notebooks too.

    `trigger` is the trigger's body, or its outputs (`{"body": ..., "headers": ...}`).
    `mocks` is the content of a mock file, or `auto` for answers inferred from the
    flow. `flows` are child flows. On the virtual clock nothing waits and equal
    seeds give equal runs; `db` then receives the finished run. On the real clock
    HTTP actions without a mock are sent. After `duration_limit` (the platform's
    by default, 30 or 90 days) the run is TimedOut. `key_headers` names the header
    in which an HTTP action sends its idempotency key, by action; `*` for all.

    `tenant` answers connector and HTTP calls that no mock does, and then nothing
    is sent for real: a `Tenant`, a seed file or its content. `faults` (rules or a
    file of them) make it fail; `tenant_profile` says how slow and strict a new one is.

    Raises:
        InvalidDefinition: the definition has errors.
        MockError, UnfitParameter, RunRefused, InvalidSeed, InvalidFault, ValueError: an argument is wrong.
        EnvironmentFault: the database cannot be used.
    """
    _known_clock(clock)
    job = Job(
        definition,
        flows=flows,
        trigger=trigger,
        parameters=parameters,
        app_settings=app_settings,
        mocks=mocks,
        variables=variables,
        in_flight=in_flight,
        duration_limit=duration_limit,
        key_headers=key_headers,
        listener=listener,
        tenant=_tenant(tenant, faults, tenant_profile, seed),
    )
    if clock == "virtual":
        result = _elsewhere(lambda: job.run_virtually(seed=seed))
        if db is not None:
            return _elsewhere(lambda: asyncio.run(keep_virtual(result, job, db)))
        return result
    return _elsewhere(lambda: asyncio.run(job.perform(db or "memory:", seed=seed)))


def _tenant(
    source: TenantLike | None, faults: Iterable[FaultLike] | str | Path, profile: str | None, seed: int
) -> Tenant | None:
    if source is None:
        if faults or profile is not None:
            raise RunRefused("faults and tenant_profile need a tenant", hint="Give tenant={} for an empty one.")
        return None
    return open_tenant(source, faults=faults, profile=profile, seed=seed)


async def run_async(definition: Definition, **options: Any) -> RunResult:
    """Like `run`, from a coroutine; options are the same."""
    return await asyncio.to_thread(run, definition, **options)


def _elsewhere(call: Callable[[], T]) -> T:
    """Call here, or on a thread of its own where an event loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call()
    found: list[T] = []
    faults: list[BaseException] = []

    def work() -> None:
        try:
            found.append(call())
        except BaseException as fault:  # noqa: BLE001 - handed to the caller's thread
            faults.append(fault)

    thread = threading.Thread(target=work, name="runafter-run")
    thread.start()
    thread.join()
    if faults:
        raise faults[0]
    return found[0]


class Job:
    """One run to be made: its program, what stands in for the outside, and the records it leaves."""

    def __init__(
        self,
        definition: Definition,
        *,
        flows: Iterable[Definition] = (),
        trigger: Any = None,
        parameters: Mapping[str, Any] | None = None,
        app_settings: Mapping[str, str] | None = None,
        mocks: Mapping[str, Any] | Mocks | Literal["auto"] | None = None,
        auto: bool = False,
        variables: str = "atomic",
        in_flight: int = 50,
        duration_limit: timedelta | None = None,
        key_headers: Mapping[str, str] | None = None,
        listener: Listener | None = None,
        workflow: Mapping[str, Any] | None = None,
        tenant: Tenant | None = None,
        connections: Mapping[str, ConnectionSetting] | None = None,
        origin: Mapping[str, Any] | None = None,
        client_tracking_id: str | None = None,
    ) -> None:
        if variables not in {"atomic", "racy"}:
            raise ValueError(f"'variables' is 'atomic' or 'racy', not {variables!r}")
        if in_flight < 1:
            raise ValueError(f"'in_flight' is 1 or more, not {in_flight}")
        self.definition = definition
        self.program = build(definition)
        auto = auto or mocks == "auto"
        if mocks is None or mocks == "auto":
            self.mocks = Mocks()
        else:
            self.mocks = mocks if isinstance(mocks, Mocks) else load(mocks)
        self.auto = Auto(self.program, definition) if auto else None
        self.flows = Flows(tuple(flows))
        _refuse_unknown(self.mocks, self.program, self.flows)
        given = {**self.mocks.parameters, **(parameters or {})}
        refuse_unfit(self.program, given)
        given = {**definition.parameter_values, **given}
        settings = {**definition.app_settings, **self.mocks.app_settings, **(app_settings or {})}
        if self.auto is not None:
            given = {**self.auto.parameters(given), **given}
            settings = {**self.auto.app_settings(settings), **settings}
        self.parameters = {**given, "$connections": _connections(self.program, given.get("$connections"))}
        self.app_settings = settings
        source = trigger if trigger is not None else self.mocks.trigger
        if source is None and self.auto is not None:
            self.trigger_outputs = self.auto.trigger_outputs()
        else:
            self.trigger_outputs = outputs_of(source)
        self.client_tracking_id = client_tracking_id or _tracking_header(self.trigger_outputs)
        self.settings: dict[str, Any] = {
            "variables": variables,
            "in_flight": in_flight,
            "duration_limit_s": (
                duration_limit.total_seconds()
                if duration_limit is not None
                else self.program.profile.limit("run_duration_s")
            ),
        }
        if variables == "racy":
            self.settings["variable_window_s"] = RACY_WINDOW_S
        if key_headers:
            self.settings["key_headers"] = dict(key_headers)
        if origin:
            self.settings["origin"] = dict(origin)
        elif tenant is not None:
            self.settings["on_tenant"] = True
        self.workflow = dict(workflow or {})
        self.listener = listener
        self.tenant = tenant
        self.connections = dict(connections or {})
        if tenant is not None:
            connect_tenant(tenant, self.connections)
        self.run_id = ""
        self.records: dict[str, dict[Repetition, RecordAction]] = {}
        self.response: SendResponse | None = None

    def outside(self, *, is_real: bool = True, **more: Any) -> LocalOutside:
        live = Connected(self.connections, is_real=is_real) if self.connections else None
        return LocalOutside(mocks=self.mocks, flows=self.flows, auto=self.auto, live=live, **more)

    def run_virtually(self, *, seed: int = 0) -> RunResult:
        """Run on a new virtual clock, which begins where the tenant's time stands."""
        return run_virtual(self.simulate, seed=seed_of_run(self.tenant, seed), start_ticks=start_of(self.tenant))

    async def simulate(self, simulation: Simulation) -> RunResult:
        """Run in a simulation, on its clock."""
        with attached(self.tenant, simulation.now_ticks) as tenant:
            return await self._simulate(simulation, tenant)

    async def _simulate(self, simulation: Simulation, tenant: OnTenant | None) -> RunResult:
        outside = self.outside(is_real=False, tenant=tenant)
        host = simulation.host(outside, load_program=load_program, responder=outside.respond)
        outside.host = host
        await host.start()
        try:
            return await self.drive(host, seed=simulation.rng.getrandbits(62))
        finally:
            await outside.close()
            await host.stop()

    async def perform(self, db: str, *, seed: int | None = None) -> RunResult:
        """Run on the machine's clock, kept in `db`."""
        async with self.machine(db) as host:
            return await self.drive(host, seed=seed)

    @asynccontextmanager
    async def machine(self, db: str) -> AsyncIterator[Host]:
        """Open a host over `db` on the machine's clock; with a tenant nothing is sent for real."""
        from runafter.local.machine import machine_host

        with attached(self.tenant, machine_clock) as tenant:
            make = self.outside if tenant is None else lambda http: self.outside(tenant=tenant)
            async with machine_host(db, make) as host:
                yield host

    async def begin(self, host: Host, *, seed: int | None = None) -> str:
        """Start the run; it is durable when this returns."""
        host.subscribe(self._notice)
        now = host.clock()
        self.run_id = await host.start_run(
            self.program,
            trigger_record(self.program, self.trigger_outputs, now),
            source=pack(self.definition),
            flow=self.definition.name,
            parameters=self.parameters,
            app_settings=self.app_settings,
            workflow=self.workflow or _workflow_of(self.definition),
            settings=self.settings,
            client_tracking_id=self.client_tracking_id,
            caller_waits=True,
            seed=seed,
            callback_base=f"{CALLBACKS}/runs",
        )
        return self.run_id

    async def follow(self, host: Host, run_id: str) -> None:
        """Take part in a run that exists already; what has settled in it is among the records."""
        self.run_id = run_id
        for row in await host.journal.history.every_action(run_id, values=True):
            self.records.setdefault(row.action, {})[row.repetition] = row.record()
        host.subscribe(self._notice)

    async def drive(self, host: Host, *, seed: int | None = None) -> RunResult:
        """Start the run, wait for its end and return the result."""
        await self.begin(host, seed=seed)
        finish = await host.wait(self.run_id)
        return await self.result(host, finish)

    async def result(self, host: Host, finish: FinishRun) -> RunResult:
        """Return what happened, from the notices seen and the journal."""
        journal = await host.journal.read(self.run_id)
        order = sorted(self.records.items(), key=lambda entry: min(record.order for record in entry[1].values()))
        return RunResult(
            run_id=self.run_id,
            status=finish.status,
            code=finish.code,
            error=finish.error,
            outputs=finish.outputs,
            actions={name: [found[key] for key in sorted(found)] for name, found in order},
            response=self.response,
            variables=_variables_of(self.program, journal),
            duration=timedelta(seconds=(finish.at - journal[0].at) / TICKS_PER_S),
            journal=journal,
            program=self.program,
            tenant=self.tenant,
        )

    def _notice(self, run_id: str, notice: Notice) -> None:
        if not self.run_id or run_id == self.run_id:
            if isinstance(notice, RecordAction):
                self.records.setdefault(notice.action, {})[notice.repetition] = notice
            elif isinstance(notice, SendResponse):
                self.response = notice
        if self.listener is not None:
            self.listener(run_id, notice)


def _connections(program: Program, given: Any) -> dict[str, Any]:
    """Return `$connections` with an entry for each connection that the flow names: runs here need no more of them."""
    found = dict(given) if isinstance(given, Mapping) else {}
    targets = [step.target for step in program.steps.values() if isinstance(step, CallStep)]
    targets += [trigger.target for trigger in program.triggers.values() if trigger.target is not None]
    for target in targets:
        name = target.connection
        if name is not None and name not in found:
            found[name] = {"connectionId": f"/connections/{name}", "connectionName": name, "id": target.api or name}
    return found


def _workflow_of(definition: Definition) -> dict[str, Any]:
    name = definition.metadata.get("WorkflowId") or definition.name
    return {
        "id": f"/subscriptions/{_ZERO}/resourceGroups/local/providers/Microsoft.Logic/workflows/{name}",
        "name": name,
        "type": "Microsoft.Logic/workflows",
        "location": "local",
        "tags": {"flowDisplayName": definition.name, "environmentName": f"Default-{_ZERO}"},
    }


def _variables_of(program: Program, journal: Sequence[Event]) -> dict[str, Any]:
    """Return the variables' last values, by replaying the journal."""
    from runafter.engine.step import Run

    if not program.variables:
        return {}
    live = Run(program)
    for event in journal:
        live.step(event)
    return dict(live.variables)


async def keep_virtual(result: RunResult, job: Job, db: str) -> RunResult:
    """Write a finished virtual run into a database, history included; return it under the name it has there.

    Virtual runs of one seed begin at one moment and draw one name; a name that is taken gives way to the next
    newer one.
    """
    from runafter.journal.journal import Journal
    from runafter.protocol.events import RunStarted
    from runafter.storage.batch import Batch
    from runafter.storage.open import open_storage

    storage = await open_storage(db)
    try:
        journal = Journal(storage)
        started = result.journal[0]
        if not isinstance(started, RunStarted):
            raise TypeError("a journal begins with RunStarted")
        name = result.run_id
        while await journal.run(name) is not None:
            name = newer_name(name)
        if name != result.run_id:
            started = msgspec.structs.replace(started, run_id=name)
            result = replace(result, run_id=name, journal=[started, *result.journal[1:]])
        batch = Batch()
        journal.define(batch, job.program.hash, job.program.name, pack(job.definition))
        journal.begin(batch, started, flow=job.definition.name, owner="simulator")
        storage.submit(batch)
        records = [record for found in result.actions.values() for record in found]
        finish = FinishRun(
            status=_finish_status(result.status),
            at=_last_at(result),
            code=result.code,
            error=result.error,
            outputs=result.outputs,
        )
        storage.submit(
            journal.append(result.run_id, 0, list(result.journal), owner="simulator", records=records, finish=finish)
        )
        await storage.flush()
        return result
    finally:
        await storage.close()


def _known_clock(clock: str) -> None:
    if clock not in {"virtual", "real"}:
        raise ValueError(f"'clock' is 'virtual' or 'real', not {clock!r}")


def _tracking_header(outputs: Any) -> str:
    """Return what the caller tracks the run by, at most 128 characters as the server takes."""
    headers = outputs.get("headers") if isinstance(outputs, Mapping) else None
    if not isinstance(headers, Mapping):
        return ""
    found = next((value for name, value in headers.items() if str(name).casefold() == "x-ms-client-tracking-id"), "")
    return str(found)[:128]


def _refuse_unknown(mocks: Mocks, program: Program, flows: Flows) -> None:
    """Refuse a mock for an action that neither the flow nor one that it may call has: its answer would never come."""
    steps = {name.casefold(): name for name in program.steps}
    unknown = [name for name in mocks.actions if name not in steps]
    if not unknown:
        return
    for definition in flows.definitions:
        with suppress(InvalidDefinition):
            steps.update((name.casefold(), name) for name in flows.program(definition).steps)
    for name in unknown:
        if name not in steps:
            meant = nearest(name, steps.values())
            raise MockError(
                f"the mocks answer for {name!r}, an action that the flow does not have",
                hint=f"Did you mean {meant!r}?" if meant else None,
            )


def _finish_status(status: str) -> Any:
    return status


def _last_at(result: RunResult) -> int:
    return result.journal[0].at + round(result.duration.total_seconds() * TICKS_PER_S)
