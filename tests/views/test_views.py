from __future__ import annotations

from runafter.journal.rows import ActionDetail, ActionRow
from runafter.protocol.commands import Attempt
from runafter.views.run_detail import run_detail
from runafter.views.why import why


def row(action: str, status: str = "Succeeded", repetition=(), **more) -> ActionRow:
    names = ("order", "type", "code", "started_at", "ended_at")
    fields = {"order": 0, "type": "Http", "code": None, "started_at": 10, "ended_at": 30}
    fields |= {name: more.pop(name) for name in names if name in more}
    return ActionRow(
        run_id="r",
        action=action,
        repetition=repetition,
        status=status,
        has_inputs=False,
        has_outputs=False,
        detail=ActionDetail(**more),
        **fields,
    )


def test_a_skip_is_traced_to_its_root_cause() -> None:
    rows = [
        row("Get", "Failed", code="NotFound", error={"code": "NotFound"}),
        row("Parse", "Skipped", code="ActionConditionFailed", because=("Get", "Failed", "NotFound")),
        row("Mail", "Skipped", code="ActionConditionFailed", because=("Parse", "Skipped", "ActionConditionFailed")),
    ]

    chain = why(rows, "mail")

    assert [(link.action, link.status, link.decided_by) for link in chain] == [
        ("Mail", "Skipped", "Parse"),
        ("Parse", "Skipped", "Get"),
        ("Get", "Failed", None),
    ]
    assert chain[-1].error == {"code": "NotFound"}


def test_a_predecessor_is_looked_for_in_the_same_item_first() -> None:
    rows = [
        row("Get", "Succeeded", (0,)),
        row("Get", "Failed", (1,)),
        row("Put", "Skipped", (1,), because=("Get", "Failed", "X")),
        row("Loop", "Failed"),
        row("Deep", "Skipped", (1, 4), because=("Loop", "Failed", "Y")),
    ]

    assert [link.repetition for link in why(rows, "Put", (1,))] == [(1,), (1,)]
    assert [link.repetition for link in why(rows, "Deep", (1, 4))] == [(1, 4), ()]


def test_a_container_without_a_row_still_ends_the_chain() -> None:
    chain = why([row("Inner", "Skipped", because=("Scope", "Cancelled", "Terminated"))], "Inner")

    assert [(link.action, link.status, link.code) for link in chain][-1] == ("Scope", "Cancelled", "Terminated")
    assert why([], "Inner") == []


def test_what_the_run_itself_decided_ends_the_chain_with_its_error() -> None:
    ended = {"code": "Terminated", "message": "the workflow run was terminated"}

    (link,) = why([row("After", "Skipped", because=("", "Cancelled", "Terminated"), error=ended)], "After")

    assert (link.decided_by, link.error) == (None, ended)


def test_a_branch_that_was_not_taken_says_so() -> None:
    code = "ActionBranchingConditionNotSatisfied"
    rows = [row("If"), row("Then", "Skipped", because=("If", "Succeeded", code), error={"code": code})]

    chain = why(rows, "Then")

    assert [(link.action, link.decided_by) for link in chain] == [("Then", "If"), ("If", None)]
    assert chain[0].error == {"code": code}


def test_a_container_that_failed_leads_to_what_failed_first_in_it() -> None:
    rows = [
        row("Loop", "Failed", order=0, code="ActionFailed", ended_at=90),
        row("Inner", "Failed", (1,), order=1, code="ActionFailed", ended_at=40),
        row("Get", "Failed", (1,), order=2, code="NotFound", ended_at=40, error={"code": "NotFound"}),
        row("Get", "Failed", (2,), order=2, code="Gone", ended_at=50),
        row("Mail", "Skipped", order=3, because=("Loop", "Failed", "ActionFailed")),
    ]

    chain = why(rows, "Mail", inside={"Loop": {"Inner", "Get"}, "Inner": {"Get"}})

    assert [(link.action, link.repetition) for link in chain] == [("Mail", ()), ("Loop", ()), ("Get", (1,))]
    assert (chain[1].decided_by, chain[-1].error) == ("Get", {"code": "NotFound"})


def test_one_line_per_action_adds_its_repetitions_up() -> None:
    tried, last = (Attempt(started_at=1, ended_at=2, status_code=503, wait_s=wait) for wait in (5.0, None))
    rows = [
        row("Put", "Succeeded", (0,), order=2, started_at=10, ended_at=30, loops=("Loop",)),
        row(
            "Put",
            "Failed",
            (1,),
            order=2,
            code="X",
            started_at=5,
            ended_at=15,
            attempts=(tried, last),
            loops=("Loop",),
        ),
        row("Loop", "Failed", order=1, iterations=2),
    ]

    detail = run_detail(rows)

    assert [line.action for line in detail.lines] == ["Loop", "Put"]
    put = detail.line("put")
    assert put is not None
    assert (put.status, put.code, put.repetitions, put.retries, put.loops) == ("Failed", "X", 2, 1, ("Loop",))
    assert (put.started_at, put.ended_at, put.busy_ticks) == (5, 30, 30)
    assert put.by_status == {"Succeeded": 1, "Failed": 1}
    assert detail.lines[0].iterations == 2
    assert detail.line("None") is None
