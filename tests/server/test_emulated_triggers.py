"""What the emulated tenant brings to triggers, on the virtual clock: each change once, and only what the trigger asks for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server.test_connector_triggers import SITE, add, call, polling, served
from tests.server.world import flow, histories, settle, statuses

from runafter.project.project import Sidecar
from runafter.simulator.host import run_virtual

ON_ORDERS = {"dataset": SITE, "table": "Orders"}
SHAREPOINT, OUTLOOK, BLOB = "shared_sharepointonline", "shared_office365", "shared_azureblob"
CHANGES = {
    "created": (SHAREPOINT, "PostItem", {**ON_ORDERS, "item/Title": "new"}),
    "modified": (SHAREPOINT, "PatchItem", {**ON_ORDERS, "id": 1, "item/Title": "changed"}),
    "mail": (
        OUTLOOK,
        "SendEmailV2",
        {"emailMessage/To": "ada@contoso.example", "emailMessage/Subject": "Hi", "emailMessage/Body": "x"},
    ),
    "blob": (BLOB, "CreateFile_V2", {"dataset": "a", "folderPath": "/inbox", "name": "n.txt", "body": "text"}),
}
TRIGGERS = {
    "items created": polling("GetOnNewItems", SHAREPOINT, ON_ORDERS),
    "items modified": polling("GetOnUpdatedItems", SHAREPOINT, ON_ORDERS),
    "new mail": polling("OnNewEmailV3", OUTLOOK, {"folderPath": "Inbox"}),
    "blobs": polling("OnUpdatedFiles_V2", BLOB, {"dataset": "a", "folderId": "/inbox"}),
}


NOTIFIED = {**polling("OnNewEmailV3", OUTLOOK, {"folderPath": "Inbox"}), "type": "OpenApiConnectionNotification"}
NOTIFIED.pop("recurrence")
FETCHED = {
    "type": "ApiConnectionNotification",
    "inputs": {
        "host": {"connection": {"referenceName": "office365"}},
        "fetch": {
            "method": "get",
            "pathTemplate": {"template": "/v3/Mail/OnNewEmail"},
            "queries": {"folderPath": "Inbox", "fetchOnlyWithAttachment": False},
        },
        "subscribe": {
            "method": "post",
            "pathTemplate": {"template": "/GraphMailSubscriptionPoke/$subscriptions"},
            "body": {"NotificationUrl": "@listCallbackUrl()"},
        },
    },
    "splitOn": "@triggerBody()?['value']",
}


async def change(tenant: Any, name: str) -> None:
    api, operation, parameters = CHANGES[name]
    outcome = await tenant.perform(call(operation, api, parameters))
    assert 200 <= outcome.status_code < 300, outcome


@pytest.mark.parametrize(
    ("trigger", "changes", "runs"),
    [
        ("items created", ["created"], 1),
        ("items created", ["modified"], 0),
        ("items modified", ["modified"], 1),
        ("items modified", ["created"], 1),
        ("new mail", ["mail", "created"], 1),
        ("blobs", ["blob", "mail"], 1),
    ],
)
def test_a_change_starts_what_asks_for_it(trigger: str, changes: list[str], runs: int):
    async def main(simulation):
        made, tenant = await served(simulation, flow(trigger=TRIGGERS[trigger]))
        await settle(70)
        for name in changes:
            await change(tenant, name)
        await settle(300)
        told = await statuses(made)
        await made.stop()
        return told

    assert run_virtual(main) == ["Succeeded"] * runs


def test_what_changed_while_the_server_was_down_is_brought_once():
    trigger = polling("GetOnNewItems", SHAREPOINT, ON_ORDERS, splitOn="@triggerOutputs()?['body/value']")

    async def main(simulation):
        storage = simulation.storage()
        made, tenant = await served(simulation, flow(trigger=trigger), storage=storage)
        await settle(70)
        await made.stop()
        for title in ("a", "b"):
            await add(tenant, title)
        await settle(7200)
        made, again = await served(simulation, flow(trigger=trigger), storage=storage)
        for title in ("a", "b"):
            await add(again, title)
        await settle(300)
        told = await statuses(made)
        await made.stop()
        return told

    assert run_virtual(main) == ["Succeeded"] * 2


def test_conditions_read_the_item_and_leave_a_row_in_the_history():
    trigger = polling(
        "GetOnNewItems",
        SHAREPOINT,
        ON_ORDERS,
        splitOn="@triggerOutputs()?['body/value']",
        conditions=[{"expression": "@equals(triggerOutputs()?['body/Title'], 'urgent')"}],
    )

    async def main(simulation):
        made, tenant = await served(simulation, flow(trigger=trigger))
        await settle(70)
        await add(tenant, "later")
        await settle(120)
        await add(tenant, "urgent")
        await settle(120)
        told = [row for row in await histories(made) if row[1] != "NoNewData"], await statuses(made)
        await made.stop()
        return told

    assert run_virtual(main) == ([("Skipped", "TriggerConditionNotMet"), ("Succeeded", None)], ["Succeeded"])


def test_an_item_that_comes_twice_is_one_run_by_its_key():
    trigger = polling("GetOnUpdatedItems", SHAREPOINT, ON_ORDERS, splitOn="@triggerOutputs()?['body/value']")
    keyed = Sidecar(deduplication_key="@triggerOutputs()?['body/ID']", deduplication_ttl_s=3600)

    async def main(simulation):
        made, tenant = await served(simulation, flow(trigger=trigger, sidecar=keyed))
        await settle(70)
        for _ in range(2):
            await change(tenant, "modified")
            await settle(120)
        told = [code for _, code in await histories(made) if code != "NoNewData"]
        await settle(3600)
        await change(tenant, "modified")
        await settle(120)
        runs = await statuses(made)
        await made.stop()
        return told, runs

    assert run_virtual(main) == ([None, "Duplicate"], ["Succeeded"] * 2)


def test_what_finds_no_place_is_counted_as_lost():
    trigger = polling("GetOnNewItems", SHAREPOINT, ON_ORDERS, splitOn="@triggerOutputs()?['body/value']")
    trigger["runtimeConfiguration"] = {"concurrency": {"runs": 1, "maximumWaitingRuns": 1}}
    pause = {"Pause": {"type": "Wait", "inputs": {"interval": {"count": 1, "unit": "Hour"}}}}

    async def main(simulation):
        made, tenant = await served(simulation, flow(trigger=trigger, actions=pause))
        await settle(70)
        for title in "abcd":
            await add(tenant, title)
        await settle(120)
        told = [code for _, code in await histories(made) if code != "NoNewData"]
        lost = made.metrics.text().decode()
        await made.stop()
        return told, lost

    told, shown = run_virtual(main)

    assert sorted(map(str, told)) == ["None", "None", "TooManyRequests", "TooManyRequests"]
    assert 'flow_trigger_overflows_total{env="local",flow="flow",trigger="start"} 2.0' in shown


@pytest.mark.parametrize("trigger", [NOTIFIED, FETCHED], ids=["of a cloud flow", "of a logic app"])
def test_a_notification_trigger_fetches_what_is_new(trigger: dict[str, Any]):
    async def main(simulation):
        made, tenant = await served(simulation, flow(trigger=trigger))
        await settle(400)
        before = await histories(made)
        await change(tenant, "mail")
        await settle(600)
        told = {code for _, code in before}, await statuses(made)
        await made.stop()
        return told

    assert run_virtual(main) == ({"NoNewData"}, ["Succeeded"])


@pytest.mark.parametrize("kind", ["Batch", "As2Receive", "Workflow", "ApiManagement"])
def test_a_trigger_that_never_fires_here_is_refused_by_name_once(kind: str):
    async def main(simulation):
        storage = simulation.storage()
        told = []
        for _ in range(2):
            made, _ = await served(simulation, flow(trigger={"type": kind, "inputs": {}}), storage=storage)
            await settle(60)
            rows = await made.catalog.histories("flow", limit=10)
            told = [(row.code, row.detail.error["message"].startswith(kind)) for row in rows if row.detail]
            by_hand = (await made.run_now("flow", given={}))[0].status
            await settle(1)
            await made.stop()
        return told[-1], sum(code == "NotSupported" for code, _ in told), by_hand

    assert run_virtual(main) == (("NotSupported", True), 1, "Started")
