"""Triggers over a managed connection: which route, where an answer sends the next call, what ends a subscription."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runafter.connectors.custom import CustomPack
from runafter.connectors.live import LiveConnection, LiveConnectors
from runafter.connectors.managed import request_of
from runafter.connectors.notifications import address_in, notification_parameter, notified
from runafter.connectors.registry import default_registry
from runafter.connectors.tokens import Bearer
from runafter.errors import NotSupported
from runafter.protocol.commands import CallOperation, Target
from runafter.protocol.events import Outcome
from runafter.tenant.clock import LoopClock
from runafter.tenant.deliveries import Deliveries

LIST = {"dataset": "https://contoso.sharepoint.com/sites/ops", "table": "Orders"}


def trigger(api: str, operation: str, parameters: dict[str, Any], **more: Any) -> CallOperation:
    return CallOperation(
        id="1",
        run_id="",
        action="start",
        target=Target(type="OpenApiConnection", api=api, operation=operation, connection="c"),
        inputs={"parameters": parameters},
        **more,
    )


class Service:
    """Answers what it is told to and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {}

    async def handle(self, request: web.Request) -> web.Response:
        given = await request.json() if request.can_read_body else None
        self.asked.append((request.method, request.path_qs, request.headers.get("Authorization"), given))
        return web.json_response({"value": []}, status=self.status, headers=self.headers)


@asynccontextmanager
async def service() -> AsyncIterator[tuple[Service, str]]:
    made = Service()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", made.handle)
    async with TestServer(application) as server:
        yield made, str(server.make_url("/"))


async def perform(url: str, *calls: CallOperation) -> list[Outcome]:
    connectors = LiveConnectors(
        LoopClock(), {"c": LiveConnection(base_url=f"{url}api", credential=Bearer(token="secret"))}
    )
    try:
        return [await connectors.perform(call) for call in calls]
    finally:
        await connectors.close()


@pytest.mark.parametrize(
    ("api", "called", "last"),
    [
        ("shared_sharepointonline", "GetOnNewItems", "onnewitems"),
        ("shared_sharepointonline", "GetOnUpdatedItems", "onupdateditems"),
        ("shared_sharepointonline", "/datasets/x/tables/Orders/onupdateditems", "onupdateditems"),
        ("shared_office365", "OnNewEmailV3", "OnNewEmail"),
        ("shared_office365", "OnFlaggedEmailV4", "OnFlaggedEmail"),
    ],
)
def test_each_trigger_asks_its_own_route(api: str, called: str, last: str) -> None:
    name = "GetOnNewItems" if "sharepoint" in api else called
    resolved = default_registry().resolve(trigger(api, name, LIST).target, {"parameters": LIST})

    path = request_of(resolved.operation, resolved.arguments, called)[1]

    assert path.rpartition("/")[2] == last


def test_a_trigger_that_would_ask_for_something_else_is_refused_by_name() -> None:
    resolved = default_registry().resolve(trigger("shared_office365", "CalendarGetOnUpdatedItemsV3", {}).target, {})

    with pytest.raises(NotSupported, match="CalendarGetOnUpdatedItemsV3"):
        request_of(resolved.operation, resolved.arguments, "CalendarGetOnUpdatedItemsV3")


async def test_the_next_poll_goes_where_the_answer_said() -> None:
    poll = trigger("shared_sharepointonline", "GetOnNewItems", LIST)
    async with service() as (made, url):
        made.status, made.headers = 202, {"Location": "/state?triggerstate=a%20b"}
        (first,) = await perform(url, poll)
        await perform(
            url, msgspec.structs.replace(poll, purpose="poll", options={"location": first.headers["Location"]})
        )

    assert first.status_code == 202
    assert made.asked[1][:3] == ("GET", "/state?triggerstate=a%20b", "Bearer secret")


async def test_another_origin_gets_no_credential() -> None:
    poll = trigger("shared_sharepointonline", "GetOnNewItems", LIST, purpose="poll")
    async with service() as (_, url), service() as (other, elsewhere):
        await perform(url, msgspec.structs.replace(poll, options={"location": f"{elsewhere}there"}))

    assert other.asked == [("GET", "/there", None, None)]


async def test_a_subscription_carries_its_address_and_is_deleted_where_the_answer_said() -> None:
    parameters = {"subscriptionRequest/message": 1, "subscriptionRequest/entityname": "account"}
    subscribe = trigger(
        "shared_commondataserviceforapps",
        "SubscribeWebhookTrigger",
        {**parameters, "subscriptionRequest/scope": 4},
        purpose="subscribe",
        callback_url="https://flows.example/x?sig=1",
    )
    end = msgspec.structs.replace(subscribe, purpose="unsubscribe")
    async with service() as (made, url):
        told = await perform(
            url, subscribe, msgspec.structs.replace(end, options={"location": f"{url}api/hooks/7"}), end
        )

    method, path, _, body = made.asked[0]
    assert (method, path) == ("POST", "/api/api/data/v9.1/callbackregistrations")
    assert body["url"] == "https://flows.example/x?sig=1"
    assert [(asked[0], asked[1]) for asked in made.asked[1:]] == [("DELETE", "/api/hooks/7")]
    assert [outcome.status_code for outcome in told] == [200, 200, 200]


MARKED = {"type": "string", "x-ms-notification-url": True}
CUSTOM: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Alarms", "version": "1.0"},
    "host": "alarms.example",
    "paths": {
        "/hooks": {
            "x-ms-notification-content": {"schema": {"type": "object"}},
            "post": {
                "operationId": "OnAlarm",
                "x-ms-trigger": "single",
                "parameters": [
                    {
                        "name": "body",
                        "in": "body",
                        "schema": {
                            "type": "object",
                            "properties": {"to": {"type": "object", "properties": {"where": MARKED}}},
                        },
                    }
                ],
                "responses": {"201": {"description": "made"}},
            },
        }
    },
}


def test_a_custom_connector_marks_where_the_address_goes() -> None:
    operation = CustomPack("alarms", CUSTOM).manifest.operations["OnAlarm"]

    whole = notified(operation, {"body": {"level": 3}}, "https://flows.example/y")

    assert notification_parameter(operation) == "body/to/where"
    assert whole == {"body": {"level": 3, "to": {"where": "https://flows.example/y"}}}
    assert address_in(operation, whole) == "https://flows.example/y"


async def test_a_notification_is_posted_again_while_the_server_is_busy() -> None:
    got: list[Any] = []
    done = asyncio.Event()

    async def handle(request: web.Request) -> web.Response:
        got.append(await request.json())
        if len(got) == 2:
            done.set()
        return web.Response(status=503 if len(got) == 1 else 202)

    application = web.Application()
    application.router.add_post("/hook", handle)
    deliveries = Deliveries()
    async with TestServer(application) as server:
        deliveries.deliver(str(server.make_url("/hook")), {"headers": {}, "body": {"n": 1}})
        deliveries.deliver("tenant:somebody", {"body": 1})
        await asyncio.wait_for(done.wait(), 10)
        await deliveries.close()

    assert got == [{"n": 1}, {"n": 1}]
