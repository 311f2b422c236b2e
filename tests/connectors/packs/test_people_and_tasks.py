"""Planner, To Do, Forms and notifications, as flows call them."""

from __future__ import annotations

import asyncio

import pytest
from tests.connectors.packs.calling import Service

from runafter.protocol.commands import CallOperation, Target


def test_a_task_is_assigned_detailed_and_deleted() -> None:
    planner = Service("planner", {"tasks": [{"id": "t1", "planId": "p1", "title": "Paint"}]})
    planner.call("AssignUsers", id="t1", body__assignments="ada@contoso.example;grace@contoso.example")
    left = planner.call("UnassignUsers", id="t1", body__assignments="ada@contoso.example")
    planner.call("UpdateTaskDetails_V2", id="t1", body__description="Two coats")
    details = planner.call("GetTaskDetails_V2", id="t1")
    deleted = planner.call("DeleteTask", id="t1")

    assert [each["userId"] for each in left.body["assignments"]] == ["grace@contoso.example"]
    assert details.body["description"] == "Two coats"
    assert (deleted.status_code, planner.call("GetTaskDetails_V2", id="t1").status_code) == (204, 404)


def test_plans_of_a_group_are_listed() -> None:
    planner = Service("planner", {"plans": [{"id": "p1", "owner": "g1"}, {"id": "p2", "owner": "g2"}]})

    assert [plan["id"] for plan in planner.call("ListGroupPlans", groupId="g1").body["value"]] == ["p1"]


def test_a_to_do_is_listed_changed_and_deleted() -> None:
    planner = Service("planner")
    made = planner.call("CreateToDoV3", folderId="tasks", body__title="Call").body["id"]
    changed = planner.call("UpdateToDoV2", folderId="tasks", id=made, body__status="completed")
    listed = planner.call("ListToDosByFolderV2", folderId="tasks")
    elsewhere = planner.call("GetToDoV2", folderId="other", id=made)
    deleted = planner.call("DeleteToDoV2", folderId="tasks", id=made)

    assert changed.body["status"] == "completed"
    assert [row["title"] for row in listed.body] == ["Call"]
    assert (elsewhere.status_code, deleted.status_code) == (404, 204)
    assert planner.call("ListToDosByFolderV2", folderId="tasks").body == []


def test_a_new_response_fires_and_is_read() -> None:
    forms = Service(
        "microsoftforms",
        {"forms": {"f1": {"title": "Leave", "responses": [{"answers": {"r1": "Monday"}, "responder": "ada@contoso.example", "after_s": 5}]}}},
    )  # fmt: skip
    told: list[tuple[str, object]] = []
    forms.tenant.on_signal = lambda address, outputs: told.append((address, outputs))
    target = Target(type="OpenApiConnectionWebhook", api="shared_microsoftforms", operation="CreateFormWebhook")
    call = CallOperation(
        id="r/a/x", run_id="r", action="a", target=target, inputs={"parameters": {"form_id": "f1"}},
        callback_url="https://callback.example/1",
    )  # fmt: skip

    async def subscribe() -> None:
        await forms.tenant.perform(call)
        forms.clock.advance(5)
        await asyncio.sleep(0)

    asyncio.run(subscribe())
    response = forms.call("GetFormResponseById", form_id="f1", response_id=1)

    assert told == [("https://callback.example/1", {"body": {"resourceData": {"responseId": 1}}})]
    assert (response.body["r1"], response.body["responder"]) == ("Monday", "ada@contoso.example")
    assert forms.call("GetFormResponseById", form_id="f1", response_id=2).status_code == 404
    assert forms.call("GetFormDetailsById", form_id="f1").body["title"] == "Leave"


def test_notifications_are_kept_and_an_empty_one_is_refused() -> None:
    people = Service("notifications")
    target = Target(type="OpenApiConnection", api="shared_flowpush", operation="SendNotification")
    given = {"NotificationDefinition/notificationText": "Done"}
    call = CallOperation(id="r/a/y", run_id="r", action="a", target=target, inputs={"parameters": given})
    sent = asyncio.run(people.tenant.perform(call))
    rows = [row for _, row in people.tenant.store_of("notifications").rows("sent")]

    assert sent.status_code == 200
    assert [(row["kind"], row["text"]) for row in rows] == [("push", "Done")]


async def test_later_answers_of_a_settled_approval_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    approvals = Service("approvals", {"rules": {"*": {"answer": "Approve", "after_s": 60}}})
    target = Target(type="OpenApiConnectionWebhook", api="shared_approvals", operation="StartAndWaitForAnApproval")
    given = {
        "WebhookApprovalCreationInput/title": "T",
        "WebhookApprovalCreationInput/assignedTo": "a@x.example;b@x.example",
    }
    inputs = {"parameters": {"approvalType": "Basic", **given}}
    call = CallOperation(id="1", run_id="r", action="a", target=target, inputs=inputs)
    waiting = asyncio.create_task(approvals.tenant.perform(call))
    await asyncio.sleep(0)
    approvals.clock.advance(61)

    outcome = await waiting
    await asyncio.sleep(0)

    assert (outcome.status_code, len(outcome.body["responses"])) == (200, 1)
    assert not caplog.records


def test_a_rule_that_answers_what_the_approval_does_not_offer_is_named() -> None:
    approvals = Service("approvals", {"rules": {"ada@x.example": {"answer": "Aprove"}}})

    refused = approvals.call("CreateAnApproval", approvalType="Basic", ApprovalCreationInput__title="T",
                             ApprovalCreationInput__assignedTo="ada@x.example")  # fmt: skip

    assert (refused.status_code, "'Aprove' for ada@x.example" in refused.body["error"]["message"]) == (400, True)
