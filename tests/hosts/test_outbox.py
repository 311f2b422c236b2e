from __future__ import annotations

import asyncio

from runafter.errors import EnvironmentFault
from runafter.hosts.embedded.outbox import Outbox
from runafter.protocol.commands import CallOperation, Target
from runafter.protocol.events import Outcome
from runafter.simulator.host import Simulation, run_virtual


def call(name: str) -> CallOperation:
    return CallOperation(id=f"r/{name}//1", run_id="r", action=name, target=Target(type="Http"))


class Connector:
    """Behaves as the action's name says."""

    def __init__(self) -> None:
        self.performed: list[str] = []

    async def perform(self, asked: CallOperation) -> Outcome:
        self.performed.append(asked.action)
        match asked.action:
            case "ok":
                return Outcome(status_code=200)
            case "slow":
                await asyncio.sleep(100)
                return Outcome(status_code=200)
            case "timeout":
                raise TimeoutError
            case "refused":
                raise ConnectionRefusedError("refused")
            case "ours":
                raise EnvironmentFault("no token", code="CON007")
            case "cancelled":
                raise asyncio.CancelledError
            case _:
                raise ValueError("a bug")


def answers_of(*names: str, cancel: str | None = None, wait_s: float = 200) -> tuple[dict[str, Outcome], list[str]]:
    async def main(world: Simulation) -> tuple[dict[str, Outcome], list[str]]:
        connector = Connector()
        answers: dict[str, Outcome] = {}
        outbox = Outbox(connector, lambda asked, outcome: answers.update({asked.action: outcome}))
        for name in names:
            outbox.send(call(name))
        await asyncio.sleep(1)
        if cancel:
            outbox.cancel(call(cancel).id)
        await asyncio.sleep(wait_s)
        await outbox.close(0)
        return answers, connector.performed

    return run_virtual(main)


def test_what_a_connector_raises_becomes_a_failed_answer(caplog) -> None:
    answers, _ = answers_of("ok", "timeout", "refused", "ours", "cancelled", "bug")

    assert {name: outcome.code for name, outcome in answers.items()} == {
        "ok": None,
        "timeout": "RequestTimedOut",
        "refused": "ConnectionFailed",
        "ours": "CON007",
        "cancelled": "ConnectorFailed",
        "bug": "ConnectorFailed",
    }
    assert answers["bug"].message == "ValueError: a bug"


def test_a_call_under_way_is_not_sent_twice() -> None:
    _, performed = answers_of("slow", "slow")

    assert performed == ["slow"]


def test_a_cancelled_call_answers_nothing() -> None:
    answers, performed = answers_of("slow", cancel="slow")

    assert (answers, performed) == ({}, ["slow"])


def test_closing_cancels_what_never_answers() -> None:
    answers, _ = answers_of("slow", wait_s=1)

    assert answers == {}
