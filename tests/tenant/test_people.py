"""Mails, posts, approvals, users and what waits for an answer."""

from __future__ import annotations

import asyncio

import pytest

from runafter.connectors.packs.approvals.emulator import respond
from runafter.connectors.packs.teams.emulator import answer_card
from runafter.simulator.loop import VirtualLoop
from runafter.tenant.clock import LoopClock
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

USERS = {
    "azuread": {
        "users": [
            {"userPrincipalName": "ada@contoso.example", "displayName": "Ada Lovelace"},
            {
                "userPrincipalName": "grace@contoso.example",
                "displayName": "Grace Hopper",
                "manager": "ada@contoso.example",
            },
        ],
        "groups": [{"displayName": "Sales"}],
        "skus": {"E3": {"seats": 1}},
    }
}


async def test_users_are_one_directory_for_all_connectors(make, call, http) -> None:
    tenant = make(USERS)

    profile = await call(
        tenant, "shared_office365users", "UserProfile_V2", {"id": "grace@contoso.example", "$select": "displayName"}
    )
    manager = await call(tenant, "shared_office365users", "Manager_V2", {"id": "grace@contoso.example"})
    graph = await http(tenant, "GET", "https://graph.microsoft.com/v1.0/users/grace@contoso.example")
    nobody = await call(tenant, "shared_office365users", "UserProfile_V2", {"id": "nobody@contoso.example"})

    assert profile.body == {"id": graph.body["id"], "displayName": "Grace Hopper"}
    assert manager.body["displayName"] == "Ada Lovelace"
    assert (nobody.status_code, nobody.code) == (404, "Request_ResourceNotFound")


async def test_licences_run_out(make, call) -> None:
    tenant = make(USERS)

    first = await call(
        tenant, "azuread", "AssignLicense", {"id": "ada@contoso.example", "body/addLicenses": [{"skuId": "E3"}]}
    )
    second = await call(
        tenant, "azuread", "AssignLicense", {"id": "grace@contoso.example", "body/addLicenses": [{"skuId": "E3"}]}
    )

    assert first.body["assignedLicenses"][0]["skuId"] == "E3"
    assert (second.status_code, "available licenses" in (second.message or "")) == (400, True)


async def test_group_members(make, call) -> None:
    tenant = make(USERS)
    group = tenant.store_of("azuread").rows("groups")[0][0]

    added = await call(
        tenant, "shared_office365groups", "AddMemberToGroup", {"groupId": group, "userUpn": "ada@contoso.example"}
    )
    twice = await call(
        tenant, "shared_office365groups", "AddMemberToGroup", {"groupId": group, "userUpn": "ada@contoso.example"}
    )
    members = await call(tenant, "shared_office365groups", "ListGroupMembers", {"groupId": group})

    assert (added.status_code, twice.status_code) == (204, 400)
    assert [member["displayName"] for member in members.body["value"]] == ["Ada Lovelace"]


async def test_a_mail_stands_in_the_outbox_and_in_each_mailbox(make, call) -> None:
    tenant = make()
    mail = {"emailMessage/To": "ada@contoso.example;bob@contoso.example", "emailMessage/Subject": "Hi", "emailMessage/Body": "B",
            "emailMessage/Attachments": [{"Name": "a.txt", "ContentBytes": "aGk="}]}  # fmt: skip

    await call(tenant, "shared_office365", "SendEmailV2", mail)
    inbox = await call(tenant, "shared_office365", "GetEmailsV3", {"includeAttachments": True, "subjectFilter": "hi"})

    assert [row["to"] for _, row in tenant.store_of("office365").rows("outbox")] == [
        ["ada@contoso.example", "bob@contoso.example"]
    ]
    assert inbox.body["value"][0]["attachments"][0]["contentBytes"] == "aGk="


async def test_a_mail_to_nobody_is_refused(make, call) -> None:
    tenant = make()

    outcome = await call(
        tenant,
        "office365",
        "SendEmailV2",
        {"emailMessage/To": "nobody", "emailMessage/Subject": "s", "emailMessage/Body": "b"},
    )

    assert (outcome.status_code, outcome.code) == (400, "ErrorInvalidRecipients")


async def test_posts_need_a_channel_that_the_team_has(make, call) -> None:
    tenant = make({"teams": {"teams": [{"id": "t1", "displayName": "Ops", "channels": ["General"]}]}})
    post = {
        "poster": "Flow bot",
        "location": "Channel",
        "body/recipient/groupId": "t1",
        "body/messageBody": "<p>done</p>",
    }

    good = await call(
        tenant, "shared_teams", "PostMessageToConversation", {**post, "body/recipient/channelId": "General"}
    )
    bad = await call(tenant, "shared_teams", "PostMessageToConversation", {**post, "body/recipient/channelId": "Nope"})

    assert (good.status_code, bad.status_code) == (201, 404)
    assert [row["message"] for _, row in tenant.store_of("teams").rows("posts")] == ["<p>done</p>"]


async def test_a_card_that_waits_signals_its_callback_once(make, call) -> None:
    tenant = make()
    heard = list[object]()
    tenant.on_signal = lambda url, outputs: heard.append((url, outputs["body"]["data"]))
    card = {
        "poster": "Flow bot",
        "location": "Chat",
        "body/body/recipient/to": "a@x",
        "body/body/messageBody": '{"type": "AdaptiveCard"}',
    }
    made = await call(tenant, "shared_teams", "PostCardAndWaitForResponse", card, callback_url="cb:7")
    store = tenant.store_of("teams")

    answers = [answer_card(store, tenant, made.body["id"], {"choice": "yes"}) for _ in range(2)]

    assert answers == [True, False]
    assert heard == [("cb:7", {"choice": "yes"})]


def _approval(kind: str, to: str, **more: object) -> dict[str, object]:
    return {
        "approvalType": kind,
        "WebhookApprovalCreationInput/title": "Buy",
        "WebhookApprovalCreationInput/assignedTo": to,
        **more,
    }


@pytest.mark.parametrize(
    ("kind", "answers", "outcome"),
    [
        ("Basic", ["Reject"], "Reject"),
        ("BasicAwaitAll", ["Approve", "Approve"], "Approve"),
        ("BasicAwaitAll", ["Reject"], "Reject"),
        ("CustomResponse", ["Later"], "Later"),
        ("CustomResponseAwaitAll", ["Later", "Now"], "Later, Now"),
    ],
)
async def test_each_approval_type_ends_as_it_should(make, call, kind, answers, outcome) -> None:
    tenant = make()
    heard = list[object]()
    tenant.on_signal = lambda url, outputs: heard.append(outputs["body"]["outcome"])
    more = {"WebhookApprovalCreationInput/responseOptions": ["Later", "Now"]} if kind.startswith("Custom") else {}
    made = await call(
        tenant, "shared_approvals", "StartAndWaitForAnApproval", _approval(kind, "a@x;b@x", **more), callback_url="cb"
    )

    for person, answer in zip(("a@x", "b@x"), answers, strict=False):
        respond(tenant.store_of("approvals"), tenant, made.body["name"], person, answer)

    assert heard == [outcome]


def test_an_approval_is_answered_by_a_rule_after_its_time_and_reminded_before(call) -> None:
    async def run() -> tuple[object, float, int]:
        clock = LoopClock(638_000_000_000_000_000)
        tenant = Tenant(clock=clock)
        rules = {
            "approvals": {
                "rules": {"*": {"answer": "Approve", "after_s": 7200}},
                "reminder": {"every_s": 3600, "times": 5},
            }
        }
        apply_seed(tenant, rules)
        started = clock.now_ticks()
        outcome = await call(tenant, "shared_approvals", "StartAndWaitForAnApproval", _approval("Basic", "a@x"))
        notes = len(tenant.store_of("approvals").rows("notifications"))
        await tenant.close()
        return outcome.body["outcome"], (clock.now_ticks() - started) / 1e7, notes

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        outcome, elapsed_s, notes = runner.run(run())

    assert (outcome, elapsed_s) == ("Approve", 7200)
    assert notes in (2, 3)  # the first note, a reminder after an hour; the one at two hours may come first


async def test_waiting_for_an_approval_that_is_over_answers_at_once(make, call) -> None:
    tenant = make()
    body = {"approvalType": "Basic", "ApprovalCreationInput/title": "Buy", "ApprovalCreationInput/assignedTo": "a@x"}
    made = await call(tenant, "approvals", "CreateAnApproval", body)
    respond(tenant.store_of("approvals"), tenant, made.body["name"], "a@x", "Approve")

    outcome = await call(tenant, "approvals", "WaitForAnApproval", {"approvalName": made.body["name"]})

    assert (outcome.status_code, outcome.body["outcome"]) == (200, "Approve")


async def test_a_batch_of_the_graph_answers_each_request_and_skips_what_depends_on_a_failure(make, http) -> None:
    tenant = make({"azuread": {"users": [{"mail": "ada@contoso.example", "name": "Ada"}]}})
    requests = [
        {"id": "1", "method": "GET", "url": "/users/ada@contoso.example?$select=displayName"},
        {"id": "2", "method": "GET", "url": "/users/nobody@contoso.example"},
        {"id": "3", "method": "GET", "url": "/users", "dependsOn": ["2"]},
    ]

    outcome = await http(tenant, "POST", "https://graph.microsoft.com/v1.0/$batch", body={"requests": requests})
    many = await http(tenant, "POST", "https://graph.microsoft.com/v1.0/$batch", body={"requests": requests * 7})

    assert [(r["id"], r["status"]) for r in outcome.body["responses"]] == [("1", 200), ("2", 404), ("3", 424)]
    assert many.status_code == 400
