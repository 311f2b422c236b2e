"""One server per database, and per port."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest
from tests.server.process import served
from tests.server.test_changes import written
from tests.server.world import COMPOSE, Answers

from runafter.hosts.clock import TICKS_PER_S
from runafter.hosts.embedded.owner import owner_name
from runafter.journal.leases import Leases
from runafter.server.alone import AnotherServer, be_alone, server_name
from runafter.server.app import NoAddress, check_port
from runafter.simulator.host import run_virtual

LEASE = 10 * TICKS_PER_S


def test_a_server_of_this_machine_that_lives_is_the_only_one():
    async def main(simulation):
        host = simulation.host(Answers())
        await Leases(host.journal).renew(server_name(), host.clock(), LEASE)
        with pytest.raises(AnotherServer, match="process"):
            await be_alone(host)

    run_virtual(main)


def test_hosts_that_are_no_servers_and_servers_that_ended_are_in_nobody_s_way():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(30)
    machine, _, rest = server_name().split("/")

    async def main(simulation):
        host = simulation.host(Answers())
        leases = Leases(host.journal)
        for owner in (owner_name(1), f"{machine}/{gone.pid}/{rest}", host.owner):
            await leases.renew(owner, host.clock(), LEASE)
        before = host.clock()
        await be_alone(host)
        return host.clock() - before

    assert run_virtual(main) == 0


@pytest.mark.parametrize("renews", [False, True], ids=["gone", "living"])
def test_a_server_of_another_machine_is_waited_for_until_its_lease_is_over(renews):
    async def main(simulation):
        host = simulation.host(Answers())
        leases = Leases(host.journal)
        await leases.renew("elsewhere/1/00-serve", host.clock(), LEASE * 100 if renews else LEASE // 2)
        before = host.clock()
        try:
            await be_alone(host)
        except AnotherServer as fault:
            return str(fault).partition(" works")[0], (host.clock() - before) // TICKS_PER_S
        return "alone", (host.clock() - before) // TICKS_PER_S

    assert run_virtual(main) == (("a server of another machine", 11) if renews else ("alone", 5))


@pytest.mark.slow
def test_a_second_server_is_refused_and_one_after_a_kill_is_not(tmp_path):
    written(tmp_path, "orders", Note=COMPOSE)
    command = [sys.executable, "-m", "runafter", "serve", str(tmp_path), "--db", str(tmp_path / "runs.db")]

    with served(tmp_path) as first:
        second = subprocess.run([*command, "--port", "7999"], check=False, capture_output=True, text=True, timeout=60)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(10)
    with served(tmp_path) as third:
        answers = third.process.poll() is None

    assert (second.returncode, answers) == (2, True)
    assert f"SRV007: a server of process {first.process.pid} works on this database" in second.stderr


def test_a_port_that_is_taken_is_told_before_anything_begins(tmp_path):
    written(tmp_path, "orders", Note=COMPOSE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "runafter", "serve", str(tmp_path), "--port", str(port)]
        refused = subprocess.run(
            [*command, "--db", str(tmp_path / "runs.db")], check=False, capture_output=True, text=True, timeout=60
        )

    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"error SRV008: nobody can listen at 127.0.0.1, port {port}: Address already in use" in refused.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_free_port_is_no_fault(host):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    assert check_port(host, port) is None


def test_an_address_of_another_machine_is_told():
    with pytest.raises(NoAddress) as caught:
        check_port("192.0.2.1", 7071)

    assert "192.0.2.1, port 7071" in caught.value.message
