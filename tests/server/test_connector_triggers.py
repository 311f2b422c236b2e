"""Connector triggers on an emulated tenant: polls bring what is new, webhooks what changes."""

from __future__ import annotations

from typing import Any

from tests.server.world import flow, histories, project, settle, statuses

from runafter.local.outside import LocalOutside
from runafter.local.package import load_program
from runafter.local.tenant import HostClock, OnTenant
from runafter.protocol.commands import CallOperation, Target
from runafter.server.arrivals import arrivals, is_for_new_rows
from runafter.server.runtime import Runtime
from runafter.server.settings import ServerSettings
from runafter.simulator.host import run_virtual
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

SITE = "https://contoso.sharepoint.com/sites/Operations"
ORDERS = {"columns": {"Total": "number"}, "items": [{"Title": "old"}]}
SEED = {"sharepoint": {"sites": {SITE: {"lists": {"Orders": ORDERS}}}}}


def polling(operation: str, connection: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "OpenApiConnection",
        "recurrence": {"frequency": "Minute", "interval": 1},
        "inputs": {
            "host": {
                "apiId": f"/providers/Microsoft.PowerApps/apis/{connection}",
                "connectionName": connection,
                "operationId": operation,
            },
            "parameters": parameters,
        },
        **more,
    }


def call(operation: str, connection: str, parameters: dict[str, Any]) -> CallOperation:
    return CallOperation(
        id=operation,
        run_id="",
        action=operation,
        target=Target(type="OpenApiConnection", api=connection, operation=operation, connection=connection),
        inputs={"host": {"operationId": operation, "connectionName": connection}, "parameters": parameters},
    )


async def served(simulation, *flows, storage=None):
    kept = storage or simulation.storage()
    tenant = Tenant()
    apply_seed(tenant, SEED)
    outside = LocalOutside(tenant=OnTenant(tenant))
    made = Runtime(
        kept,
        outside,
        lambda inbox, respond: simulation.host(inbox, storage=kept, load_program=load_program, responder=respond),
        settings=ServerSettings(),
        tenant=tenant,
    )
    tenant.clock = HostClock(made.host.clock)
    await made.start(project(*flows))
    return made, tenant


async def add(tenant: Tenant, title: str) -> None:
    done = await tenant.perform(
        call("PostItem", "shared_sharepointonline", {"dataset": SITE, "table": "Orders", "item/Title": title})
    )
    assert done.status_code in {200, 201}, done


def test_items_created_since_start_a_run_each():
    trigger = polling(
        "GetOnNewItems",
        "shared_sharepointonline",
        {"dataset": SITE, "table": "Orders"},
        splitOn="@triggerOutputs()?['body/value']",
    )

    async def main(simulation):
        made, tenant = await served(simulation, flow(trigger=trigger))
        await settle(90)
        before = await statuses(made)
        await add(tenant, "first")
        await add(tenant, "second")
        await settle(180)
        rows = [
            await made.host.journal.history.action(header.id, "Note")
            for header in await made.host.journal.runs(flow="flow")
        ]
        told = before, sorted(row.outputs["Title"] for row in rows if row is not None)
        await made.stop()
        return told

    assert run_virtual(main) == ([], ["first", "second"])


def test_what_was_brought_is_remembered_over_a_restart():
    trigger = polling("GetOnUpdatedItems", "shared_sharepointonline", {"dataset": SITE, "table": "Orders"})

    async def main(simulation):
        storage = simulation.storage()
        made, tenant = await served(simulation, flow(trigger=trigger), storage=storage)
        await settle(90)
        await add(tenant, "first")
        await settle(90)
        first = await statuses(made)
        await made.stop()
        made, _ = await served(simulation, flow(trigger=trigger), storage=storage)
        await settle(300)
        told = first, await statuses(made)
        await made.stop()
        return told

    first, after = run_virtual(main)
    assert first == ["Succeeded"]
    assert after == ["Succeeded"]


def test_an_unknown_operation_is_a_failed_poll_by_name():
    trigger = polling("GetOnSunrise", "shared_sharepointonline", {"dataset": SITE, "table": "Orders"})

    async def main(simulation):
        made, _ = await served(simulation, flow(trigger=trigger))
        await settle(70)
        told = await histories(made)
        await made.stop()
        return told

    status, code = run_virtual(main)[0]
    assert status == "Failed"
    assert code == "CON011"


def test_a_dataverse_row_change_calls_the_trigger_until_it_is_disabled():
    trigger = {
        **polling("SubscribeWebhookTrigger", "shared_commondataserviceforapps", {}),
        "type": "OpenApiConnectionWebhook",
    }
    trigger.pop("recurrence")
    trigger["inputs"]["parameters"] = {
        "subscriptionRequest/message": 1,
        "subscriptionRequest/entityname": "account",
        "subscriptionRequest/scope": 4,
    }

    async def main(simulation):
        made, tenant = await served(simulation, flow(trigger=trigger))
        create = call(
            "CreateRecord", "shared_commondataserviceforapps", {"entityName": "accounts", "item/name": "Contoso"}
        )
        assert (await tenant.perform(create)).status_code == 201
        await settle(5)
        first = await statuses(made)
        await made.switch("flow", "Disabled")
        await tenant.perform(create)
        await settle(5)
        told = first, await statuses(made)
        await made.stop()
        return told

    assert run_virtual(main) == (["Succeeded"], ["Succeeded"])


def test_rows_are_told_apart_by_key_and_version():
    first = arrivals({"value": [{"ID": 1, "Title": "a"}]}, None, only_new=False)
    same = arrivals({"value": [{"ID": 1, "Title": "a"}]}, first.cursor, only_new=False)
    changed = arrivals({"value": [{"ID": 1, "Title": "b"}]}, same.cursor, only_new=False)
    ignored = arrivals({"value": [{"ID": 1, "Title": "b"}]}, same.cursor, only_new=True)

    assert (first.body, same.body, ignored.body) == (None, None, None)
    assert changed.body == {"value": [{"ID": 1, "Title": "b"}]}


def test_operations_tell_by_their_names_what_they_bring():
    assert is_for_new_rows("GetOnNewItems")
    assert is_for_new_rows("onnewitems")
    assert not is_for_new_rows("GetOnUpdatedItems")
    assert not is_for_new_rows("whenABlobIsAddedOrModified")
