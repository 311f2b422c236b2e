"""Configured connections reach their services; others are refused by name."""

from __future__ import annotations

from aiohttp import web
from aiohttp.test_utils import TestServer

from runafter.connectors.live import LiveConnection, LiveConnectors
from runafter.protocol.commands import CallOperation, Target
from runafter.protocol.events import Outcome
from runafter.tenant.clock import ManualClock
from runafter.tenant.http import TenantServer
from runafter.tenant.tenant import Tenant

CREATE = {"parameters": {"entityName": "orders", "item/name": "A"}}


def _call(
    api: str | None, operation: str | None, inputs: dict[str, object], connection: str | None = None
) -> CallOperation:
    kind = "OpenApiConnection" if api else "Http"
    target = Target(type=kind, api=api, operation=operation, connection=connection)
    return CallOperation(id="r/a/1", run_id="r", action="a", target=target, inputs=inputs, idempotency_key="r/a")


async def _perform(connections: dict[str, LiveConnection], *calls: CallOperation) -> list[Outcome]:
    live = LiveConnectors(ManualClock(), connections)
    try:
        return [await live.perform(call) for call in calls]
    finally:
        await live.close()


async def test_a_connection_that_nobody_configured_is_refused_by_name() -> None:
    (outcome,) = await _perform({}, _call("shared_office365", "SendEmailV2", {}, "mail"))

    assert (outcome.status_code, outcome.code) == (None, "CON060")
    assert "'mail' of Office 365 Outlook" in (outcome.message or "")


async def test_a_managed_connection_sends_the_idempotency_key_only_where_told_to() -> None:
    tenant = Tenant(clock=ManualClock())
    async with TenantServer(tenant) as server:
        url = server.connector_url("dataverse")
        connections = {"keyed": LiveConnection(base_url=url, sends_key=True), "plain": LiveConnection(base_url=url)}
        calls = [_call("dataverse", "CreateRecord", CREATE, name) for name in ("keyed", "keyed", "plain", "plain")]
        outcomes = await _perform(connections, *calls)

    assert [outcome.status_code for outcome in outcomes] == [201] * 4
    assert len(tenant.store_of("dataverse").rows("orders")) == 3


async def test_a_plain_http_action_needs_no_connection_and_signs_in_by_itself() -> None:
    async def handle(request: web.Request) -> web.Response:
        return web.json_response(
            {"auth": request.headers.get("Authorization"), "q": request.query.get("q"), "sent": await request.json()}
        )

    application = web.Application()
    application.router.add_post("/x", handle)
    async with TestServer(application) as server:
        basic = {"type": "Basic", "username": "ada", "password": "pw"}
        inputs = {
            "method": "POST",
            "uri": str(server.make_url("/x")),
            "queries": {"q": 1},
            "body": {"a": 1},
            "authentication": basic,
        }
        identity = {**inputs, "authentication": {"type": "ManagedServiceIdentity"}}
        good, refused = await _perform({}, _call(None, None, inputs), _call(None, None, identity))

    assert good.body == {"auth": "Basic YWRhOnB3", "q": "1", "sent": {"a": 1}}
    assert (refused.code, refused.retriable) == ("CON032", False)


async def test_an_unknown_operation_is_a_failed_call() -> None:
    (outcome,) = await _perform({}, _call("dataverse", "Nope", {}))

    assert outcome.code == "CON011"
