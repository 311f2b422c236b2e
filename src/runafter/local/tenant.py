"""A tenant as the outside of local runs: its clock is the host's, its answers to webhooks go back to the runs.

A tenant may serve several runs, one after another; its time goes on where the
last one ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from runafter.protocol.commands import CallOperation, Repetition
from runafter.protocol.events import Outcome
from runafter.simulator.host import START_TICKS
from runafter.tenant.clock import LoopClock, ManualClock
from runafter.tenant.faults import Fault, InvalidFault
from runafter.tenant.profiles import TenantProfile
from runafter.tenant.seeds import apply_seed, read_seed, seed_file
from runafter.tenant.state import SqliteState, State
from runafter.tenant.tenant import Tenant

if TYPE_CHECKING:
    from runafter.hosts.embedded.host import Host

TenantLike = Tenant | str | Path | Mapping[str, Any]
FaultLike = Fault | str | Mapping[str, Any]
CALLBACKS = "https://callbacks.runafter.local"
"""Where webhooks of local runs are told to call; nothing listens there, the tenant calls in process."""


class HostClock:
    """The host's own time; sleeping is the event loop's."""

    def __init__(self, now_ticks: Callable[[], int]) -> None:
        self.now_ticks = now_ticks
        self._loop = LoopClock()

    async def sleep(self, seconds: float) -> None:
        await self._loop.sleep(seconds)


def open_tenant(
    source: TenantLike | None = None,
    *,
    faults: Iterable[FaultLike] | str | Path = (),
    profile: TenantProfile | str | None = None,
    seed: int = 0,
    state: str | Path | None = None,
    start_ticks: int = START_TICKS,
) -> Tenant:
    """Return a tenant: `source` itself, or a new one filled from a seed file or its content.

    `faults` are rules, or a file with `faults:` in it. `profile` is a tenant
    profile or the name of one (`instant`, `documented`, ...); `state` a SQLite file that
    keeps the tenant. A file that has content already is not seeded again, and its
    time goes on; a new tenant's begins at `start_ticks`.

    Raises:
        InvalidSeed, InvalidFault, NotSupported, BrokenState: an argument is wrong.
        OSError: a file cannot be read.
    """
    if isinstance(source, Tenant):
        tenant = source
    else:
        kept = SqliteState(Path(state)) if state is not None else State()
        stopped = kept.service("$tenant").get("clock", "now")
        start_ticks = max(start_ticks, stopped["ticks"]) if stopped else start_ticks
        tenant = Tenant(clock=ManualClock(start_ticks), state=kept, profile=profile or "instant", seed=seed)
        is_new = not kept.services()
        if isinstance(source, Mapping):
            apply_seed(tenant, source)
        elif source is not None and is_new:
            seed_file(tenant, Path(source))
    for rule in read_faults(faults):
        tenant.faults.add(rule)
    return tenant


def read_faults(given: Iterable[FaultLike] | str | Path) -> list[FaultLike]:
    """Return fault rules: as given, or those below `faults:` of a YAML file.

    Raises:
        InvalidFault, InvalidSeed: the file holds no list of rules.
        OSError: the file cannot be read.
    """
    if not isinstance(given, str | Path):
        return list(given)
    rules = read_seed(Path(given).read_text("utf-8-sig"), file=str(given)).get("faults")
    if not isinstance(rules, list):
        raise InvalidFault(f"{given} holds no list of faults", hint="Write `faults:` and a rule per line below it.")
    return rules


def start_of(tenant: Tenant | None) -> int:
    """Return the ticks at which virtual time begins for a run on this tenant: where its last run ended."""
    if tenant is not None and isinstance(tenant.clock, ManualClock):
        return tenant.clock.ticks
    return START_TICKS


def seed_of_run(tenant: Tenant | None, seed: int) -> int:
    """Return the seed of the tenant's next virtual run: each has ids of its own, the first one those of `seed`."""
    if tenant is None:
        return seed
    return seed + 1_000_003 * (tenant.store_of("$tenant").next_number("run") - 1)


@contextmanager
def attached(tenant: Tenant | None, now_ticks: Callable[[], int]) -> Iterator[OnTenant | None]:
    """Give the tenant a host's clock; on leaving, its time stands still and can be looked at without a host."""
    if tenant is None:
        yield None
        return
    tenant.clock = HostClock(now_ticks)
    outside = OnTenant(tenant)
    tenant.on_signal = outside.signal
    try:
        yield outside
    finally:
        tenant.on_signal = None
        tenant.clock = ManualClock(now_ticks())
        tenant.store_of("$tenant").put("clock", "now", {"ticks": tenant.clock.ticks})


def with_key_header(call: CallOperation) -> CallOperation:
    """Return the call with its idempotency key in the header that the flow's owner named; one that is there is kept."""
    header = call.options.get("key_header")
    if not header or not isinstance(call.inputs, Mapping):
        return call
    given = call.inputs.get("headers")
    headers = dict(given) if isinstance(given, Mapping) else {}
    if header.casefold() not in {str(name).casefold() for name in headers}:
        headers[header] = call.idempotency_key
    return msgspec.structs.replace(call, inputs={**call.inputs, "headers": headers})


class OnTenant:
    """Performs calls on a tenant. Set `host` before the first call that waits for an answer."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.host: Host | None = None
        self._waiting: dict[str, tuple[str, str, Repetition]] = {}

    def has_host(self, uri: str) -> bool:
        """Return whether the tenant has the host of this address."""
        return self.tenant.has_host(uri)

    async def perform(self, call: CallOperation) -> Outcome:
        """Perform the call; who calls back its address reaches the action that waits."""
        if call.callback_url is not None:
            self._waiting[call.callback_url] = (call.run_id, call.action, call.repetition)
        return await self.tenant.perform(call)

    async def signal(self, callback_url: str, outputs: Any) -> None:
        """Bring an answer to the action that waits for it; one that nobody waits for is dropped."""
        waiting = self._waiting.pop(callback_url, None)
        if waiting is not None and self.host is not None:
            await self.host.signal(*waiting, outputs)
