"""No operation of a pack raises, whatever a flow hands it and whatever happened before: it answers, if with a refusal."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from runafter.connectors.registry import FolderPack, built_in_packs
from runafter.connectors.resolve import nested
from runafter.connectors.spec import Resolved
from runafter.protocol.events import Outcome
from runafter.tenant.clock import ManualClock
from runafter.tenant.tenant import Tenant

ODD: list[Any] = [
    None, "", "abc", "'", "Title eq 'x'", "x eq 5 and contains(y,'a')", "Title desc", 5, -1, 3.5, True, [],
    ["a", None, 5], {}, {"a": {"b": []}}, "{}", "[1]", "2026-13-45", "2026-03-05T10:00:00Z", "https://x.example",
    {"$content": "%%%", "$content-type": "text/plain"}, [{"a": 1}], {"Value": "x"}, {"Title": "x", "id": "abc"},
]  # fmt: skip
CALLS_PER_OPERATION = 12


def texts(value: Any, depth: int = 0) -> list[str]:
    """Return what an answer says in short texts: its ids and tokens are among them."""
    if isinstance(value, str):
        return [value] if 0 < len(value) < 200 else []
    inner = value.values() if isinstance(value, dict) else value[:5] if isinstance(value, list) else ()
    return [text for each in inner for text in texts(each, depth + 1)] if depth < 5 else []


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.manifest.name)
async def test_an_operation_answers_whatever_it_is_given(pack: FolderPack) -> None:
    chance = random.Random(pack.manifest.name)
    tenant = Tenant(clock=ManualClock(), profile="unlimited")
    operations = list(pack.manifest.operations.values())
    known = ["abc"] * 10

    for number in range(CALLS_PER_OPERATION * len(operations)):
        operation = chance.choice(operations)
        names = [*operation.facts.parameters, *(f"{name}/Title" for name in operation.facts.open_parameters)]
        arguments: dict[str, Any] = {}
        for name in names:
            draw = chance.random()
            if draw > 0.15:
                arguments[name] = chance.choice(known) if draw < 0.7 else copy.deepcopy(chance.choice(ODD))
        outcome = await tenant.perform_resolved(
            Resolved(pack=pack, operation=operation, arguments=nested(arguments)),
            connection="any",
            call_id=str(number),
            callback_url="https://answer.example/1",
        )
        assert isinstance(outcome, Outcome)
        assert outcome.status_code is not None or outcome.code
        known = [*known, *texts(outcome.body)][-300:]
