"""What a Response action says, and what of it reaches the caller."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server.client import Answer, client
from tests.server.world import flow


async def answered_by(response: dict[str, Any]) -> Answer:
    """Return what the caller of a flow gets whose Response has these inputs."""
    actions = {"Answer": {"type": "Response", "inputs": response}}
    async with client(flow(actions=actions)) as http:
        return await http("POST", await http.callback_url(), {"half": "\ud800"}, token=None)


async def test_an_answer_with_half_a_character_arrives():
    answered = await answered_by({"statusCode": 200, "body": "@triggerBody()"})
    text = await answered_by({"statusCode": 200, "body": "@triggerBody()['half']"})

    assert (answered.status, answered.json) == (200, {"half": "\ufffd"})
    assert (text.status, text.body) == (200, "\ufffd".encode())


@pytest.mark.parametrize("name", ["two words", "a:b", "", "Ünïcode", "line\r\nbreak"])
async def test_a_header_that_http_cannot_carry_stays_behind(name: str):
    answered = await answered_by({"statusCode": 200, "headers": {name: "x", "X-Other": "there"}, "body": "yes"})

    assert (answered.status, answered.body, answered.headers["x-other"]) == (200, b"yes", "there")
    assert "x" not in answered.headers.values()


async def test_header_values_are_told_in_the_platform_s_words():
    headers = {"X-List": ["a", 1], "X-Object": {"b": None}, "X-Yes": True, "X-Number": 5, "X-None": None}

    answered = await answered_by({"statusCode": 200, "headers": headers})

    told = {name: value for name, value in answered.headers.items() if name.startswith("x-") and "-ms-" not in name}
    assert told == {"x-list": '["a",1]', "x-object": '{"b":null}', "x-yes": "True", "x-number": "5"}


@pytest.mark.parametrize("status", [204, 205, 304])
async def test_statuses_without_a_body_have_none(status: int):
    answered = await answered_by({"statusCode": status, "body": {"no": "place"}})

    assert (answered.status, answered.body) == (status, b"")


@pytest.mark.parametrize("status", [99, 100, 101, 199, 600, "abc", None, True])
async def test_a_response_whose_status_ends_nothing_fails(status: Any):
    answered = await answered_by({"statusCode": status, "body": "x"})

    assert (answered.status, answered.json["error"]["code"]) == (502, "NoResponse")
