"""One server per database: places in queues, schedules and keys are kept in memory, so two would fire everything twice."""

from __future__ import annotations

import asyncio
import secrets

from runafter.errors import EnvironmentFault
from runafter.hosts.embedded.host import Host
from runafter.hosts.embedded.owner import is_dead, machine_name, owner_name
from runafter.journal.leases import Leases

_MARK = "-serve"
_LOOK_S = 0.5


class AnotherServer(EnvironmentFault):
    """Another server works on the same database."""

    code = "SRV007"


def server_name() -> str:
    """Return a name for a server's host, by which other servers know it as one."""
    return f"{owner_name(secrets.randbits(32))}{_MARK}"


async def be_alone(host: Host) -> None:
    """Return when no other server works on the host's database.

    One of another machine may be gone or not: its lease tells, which runs out within seconds.

    Raises:
        AnotherServer: one does.
    """
    leases = Leases(host.journal)
    left_s = host.settings.lease_s + 2 * _LOOK_S
    while True:
        living = await leases.living(host.clock())
        others = [each for each in living if each.endswith(_MARK) and each != host.owner and not is_dead(each)]
        if not others:
            return
        here = [each for each in others if each.startswith(f"{machine_name()}/")]
        if here or left_s <= 0:
            which = f"process {here[0].split('/')[1]}" if here else "another machine"
            raise AnotherServer(
                f"a server of {which} works on this database",
                hint="Stop it first, or give this one a database of its own with --db.",
            )
        left_s -= _LOOK_S
        await asyncio.sleep(_LOOK_S)
