"""Cards, mails and posts that wait: what people see of them, and what the flow gets for an answer."""

from __future__ import annotations

import json

import pytest
from tests.server.world import Answers, flow, project, runtime, settle

from runafter.errors import EnvironmentFault
from runafter.local.outside import LocalOutside
from runafter.local.package import load_program
from runafter.local.tenant import HostClock, OnTenant
from runafter.server.questions import card_in, data_of
from runafter.server.runtime import NotAnswerable, Runtime
from runafter.simulator.host import run_virtual
from runafter.tenant.seeds import apply_seed
from runafter.tenant.tenant import Tenant

CARD = {
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [
        {"type": "TextBlock", "text": "Ticket T-7"},
        {
            "type": "Container",
            "items": [{"type": "FactSet", "facts": [{"title": "Priority", "value": "P1"}]}],
        },
        {"type": "Input.Text", "id": "note"},
        {"type": "Input.Toggle", "id": "urgent"},
        {"type": "Input.ChoiceSet", "id": "queue", "value": "first"},
    ],
    "actions": [
        {"type": "Action.Submit", "title": "I take it", "data": {"action": "take"}},
        {"type": "Action.OpenUrl", "title": "Look", "url": "https://contoso.example"},
        {"type": "Action.ShowCard", "card": {"actions": [{"type": "Action.Submit", "title": "Not me"}]}},
    ],
}


def asking(api: str, operation: str, **parameters: object) -> dict[str, object]:
    """Return the action that asks, and one that shows what it got."""
    host = {"apiId": f"/providers/Microsoft.PowerApps/apis/{api}", "connectionName": api, "operationId": operation}
    return {
        "Ask": {"type": "OpenApiConnectionWebhook", "inputs": {"host": host, "parameters": parameters}},
        "Got": {"type": "Compose", "runAfter": {"Ask": ["Succeeded"]}, "inputs": "@body('Ask')"},
    }


def posted(card: object) -> dict[str, object]:
    given = {"recipient/groupId": "team", "recipient/channelId": "channel", "messageBody": json.dumps(card)}
    return asking(
        "shared_teams",
        "PostCardAndWaitForResponse",
        poster="Flow bot",
        location="Channel",
        **{f"body/body/{name}": value for name, value in given.items()},
    )


async def on_tenant(simulation, actions) -> Runtime:
    tenant = Tenant()
    apply_seed(tenant, {})
    kept = simulation.storage()
    outside = LocalOutside(tenant=OnTenant(tenant))
    made = Runtime(
        kept,
        outside,
        lambda inbox, respond: simulation.host(inbox, storage=kept, load_program=load_program, responder=respond),
        tenant=tenant,
    )
    tenant.clock = HostClock(made.host.clock)
    await made.start(project(flow(actions=actions)))
    return made


async def answered(made: Runtime, answer: str, comments: str = ""):
    """Fire the flow, answer what it asks; return the item and what the action got."""
    (fired,) = await made.run_now("flow", given={})
    await settle(2)
    (item,) = await made.catalog.items(status="open")
    await made.answer(item.id, answer, comments=comments, responder="ada@contoso.example")
    await settle(5)
    rows = await made.host.journal.history.actions(fired.run_id, values=True, limit=10)
    await made.stop()
    return item, next(row.outputs for row in rows if row.action == "Got")


def test_a_card_is_read_in_the_order_in_which_people_see_it():
    card = card_in({"body/messageBody": json.dumps(CARD)})

    assert card is not None
    assert (card.title, card.details, card.note) == ("Ticket T-7", "Priority: P1", "note")
    assert list(card.choices) == ["I take it", "Not me"]
    assert card.inputs == {"note": "", "urgent": "false", "queue": "first"}


@pytest.mark.parametrize("given", [None, "text", {"messageBody": "<p>AdaptiveCard"}, {"body": {"type": "Text"}}])
def test_other_inputs_hold_no_card(given):
    assert card_in(given) is None


def test_a_button_sends_its_data_and_the_fields():
    card = {"choices": {"Yes": {"action": "yes"}, "No": None}, "inputs": {"note": "", "n": "1"}, "note": "note"}

    assert data_of(card, "Yes", "on it") == {"note": "on it", "n": "1", "action": "yes"}
    assert data_of(card, "No", "") == {"note": "", "n": "1"}


def test_a_card_in_the_tenant_is_answered_by_its_buttons():
    async def main(simulation):
        made = await on_tenant(simulation, posted(CARD))
        return await answered(made, "I take it", "on it")

    item, got = run_virtual(main)

    assert (item.kind, item.detail["title"], item.detail["options"]) == ("card", "Ticket T-7", ["I take it", "Not me"])
    assert got["data"] == {"note": "on it", "urgent": "false", "queue": "first", "action": "take"}
    assert got["responder"]["userPrincipalName"] == "ada@contoso.example"


def test_an_answer_has_reached_its_run_when_it_is_told():
    async def main(simulation):
        made = await on_tenant(simulation, posted(CARD))
        await made.run_now("flow", given={})
        await settle(2)
        (item,) = await made.catalog.items(status="open")
        told = await made.answer(item.id, "I take it", comments="on it")
        events = [type(event).__name__ for event in await made.host.journal.read(item.run_id)]
        await made.stop()
        return told.status, told.detail["answer"], events[-1]

    assert run_virtual(main) == ("closed", "I take it", "SignalReceived")


def test_what_nobody_asked_is_not_found():
    async def main(simulation):
        made = await on_tenant(simulation, posted(CARD))
        with pytest.raises(EnvironmentFault) as caught:
            await made.answer("nobody/asked", "Approve")
        await made.stop()
        return caught.value.code

    assert run_virtual(main) == "SRV004"


def test_a_card_takes_none_but_its_buttons():
    async def main(simulation):
        made = await on_tenant(simulation, posted(CARD))
        with pytest.raises(NotAnswerable, match="I take it, Not me"):
            await answered(made, "Approve")
        await made.stop()

    run_virtual(main)


def test_a_mail_with_options_is_answered_in_the_tenant():
    message = {"To": "ada@contoso.example", "Subject": "Lunch?", "Options": "Soup, Salad"}
    asked = asking(
        "shared_office365",
        "SendMailWithOptions",
        **{f"optionsEmailSubscription/Message/{name}": value for name, value in message.items()},
    )

    async def main(simulation):
        made = await on_tenant(simulation, asked)
        return await answered(made, "Salad")

    item, got = run_virtual(main)

    assert (item.kind, item.detail["title"], item.detail["options"]) == ("approval", "Lunch?", ["Soup", "Salad"])
    assert (got["SelectedOption"], got["UserEmailAddress"]) == ("Salad", "ada@contoso.example")


def test_a_card_outside_the_tenant_gets_the_same_data():
    async def main(simulation):
        made = await runtime(simulation, flow(actions=posted(CARD)), outside=Answers())
        return await answered(made, "Not me", "busy")

    item, got = run_virtual(main)

    assert item.kind == "card"
    assert got["data"] == {"note": "busy", "urgent": "false", "queue": "first"}
