"""A Swagger definition becomes a connector that checks, emulates and calls its API."""

from __future__ import annotations

import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.contracts.connector import ConnectorContract

from runafter.connectors.custom import InvalidSwagger, read_custom
from runafter.connectors.http import HttpClient
from runafter.connectors.limiter import ConnectionLimiter
from runafter.connectors.managed import ManagedTransport
from runafter.connectors.registry import Registry
from runafter.connectors.spec import LiveCall
from runafter.connectors.tokens import ApiKey, Authenticator
from runafter.protocol.commands import CallOperation, Target
from runafter.tenant.clock import ManualClock
from runafter.tenant.tenant import Tenant

DEFINITION = {
    "swagger": "2.0",
    "info": {"title": "Stock", "version": "1.2"},
    "host": "stock.example",
    "basePath": "/v1",
    "schemes": ["https"],
    "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    "definitions": {
        "Item": {
            "type": "object",
            "required": ["sku", "count"],
            "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "minimum": 3}, "tags": {"type": "array", "items": {"type": "string"}},
                           "kind": {"type": "string", "enum": ["a", "b"]}, "at": {"type": "string", "format": "date-time"}},
        }
    },
    "paths": {
        "/items/{sku}": {
            "parameters": [{"name": "sku", "in": "path", "required": True, "type": "string"}],
            "get": {"operationId": "GetItem", "parameters": [{"name": "depth", "in": "query", "type": "integer", "default": 1}],
                    "responses": {"200": {"schema": {"$ref": "#/definitions/Item"}}}},
        },
        "/items": {
            "post": {"operationId": "AddItem", "parameters": [{"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Item"}}],
                     "responses": {"201": {"schema": {"$ref": "#/definitions/Item"}}}},
        },
    },
}  # fmt: skip
PACK = read_custom("stock", json.dumps(DEFINITION))


class TestStock(ConnectorContract):
    pack = PACK


async def _perform(operation: str, parameters: dict[str, object]):
    tenant = Tenant(clock=ManualClock(), registry=Registry([PACK]))
    target = Target(type="OpenApiConnection", api="shared_stock", operation=operation)
    return await tenant.perform(
        CallOperation(id="r/a/1", run_id="r", action="a", target=target, inputs={"parameters": parameters})
    )


async def test_the_emulator_answers_true_to_the_schema() -> None:
    outcome = await _perform("GetItem", {"sku": "A1"})

    assert outcome.status_code == 200
    assert PACK.swagger.problems(DEFINITION["definitions"]["Item"], outcome.body, "body") == []
    assert (outcome.body["count"], outcome.body["kind"], outcome.body["tags"]) == (3, "a", ["tags"])


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"body/sku": "A"}, "'body/count'"),
        ({"body/sku": 5, "body/count": 3}, "body/sku must be string"),
        ({"body/sku": "A", "body/count": 3, "body/kind": "z"}, "one of a, b"),
        ({"body/sku": "A", "body/count": 3, "body/tags": ["x", 1]}, "body/tags/1 must be string"),
    ],
)
async def test_wrong_arguments_are_refused_with_their_place(parameters, words) -> None:
    outcome = await _perform("AddItem", parameters)

    assert outcome.status_code == 400
    assert words in (outcome.message or "")


async def test_the_live_connector_sends_what_the_definition_says() -> None:
    seen = list[tuple[str, str, dict[str, str], str | None]]()

    async def handle(request: web.Request) -> web.Response:
        seen.append((request.method, request.path, dict(request.query), request.headers.get("X-Key")))
        return web.json_response({"sku": request.match_info["sku"], "count": 4})

    application = web.Application()
    application.router.add_get("/v1/items/{sku}", handle)
    clock = ManualClock()
    registry = Registry([PACK])
    async with TestServer(application) as server, HttpClient(clock) as client:
        credential = PACK.credential({"api_key": "secret"})
        transport = ManagedTransport(client, Authenticator(credential, clock), ConnectionLimiter((), clock))
        target = Target(type="OpenApiConnection", api="stock", operation="GetItem")
        resolved = registry.resolve(target, {"parameters": {"sku": "A/1"}})
        outcome = await transport(
            LiveCall(resolved=resolved, inputs={}, base_url=str(server.make_url("/v1")), timeout_s=5)
        )

    assert credential == ApiKey(key="secret", name="X-Key", place="header")
    assert outcome.body == {"sku": "A/1", "count": 4}
    assert seen == [("GET", "/v1/items/A/1", {"depth": "1"}, "secret")]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"swagger": "2.0", "paths": {"/a": {"$ref": "#/no"}}}'])
def test_a_broken_definition_is_refused(text: str) -> None:
    with pytest.raises(InvalidSwagger):
        read_custom("x", text)
