"""What a flow reads of a value decides the value that is made up for it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from runafter.engine.schema import violations
from runafter.local.schema_shapes import from_schema
from runafter.local.shapes import Shape

DRAFT_4 = "http://json-schema.org/draft-04/schema#"


def test_properties_that_are_read_appear_in_the_sample() -> None:
    shape = Shape("body")
    shape.property("customer").property("email")

    assert shape.sample() == {"customer": {"email": "user1@example.com"}}


def test_property_names_differ_by_more_than_letter_case() -> None:
    shape = Shape("body")
    shape.property("Id")

    assert shape.property("ID") is shape.property("id")


def test_a_list_gets_two_items_and_more_where_a_later_one_is_read() -> None:
    shape = Shape("orders")
    shape.item().property("sku")
    longer = Shape("parts")
    longer.item(4)

    assert len(shape.sample()) == 2
    assert len(longer.sample()) == 5


def test_united_shapes_share_what_is_learned_of_either() -> None:
    source, item = Shape("value"), Shape("item")
    source.item().unite(item)
    item.property("title")

    assert all("title" in element for element in source.sample())


def test_a_comparison_with_a_literal_decides_the_value() -> None:
    wished, avoided = Shape("status"), Shape("status")
    wished.compare("Approved", wanted=True)
    avoided.compare("status 1", wanted=False)

    assert wished.sample() == "Approved"
    assert avoided.sample() != "status 1"


def test_text_that_is_parsed_as_json_holds_what_is_read_of_it() -> None:
    inner, text = Shape("value"), Shape("message")
    inner.property("id").want("integer")
    text.json_of = inner
    encoded = Shape("content")
    encoded.base64_of = text

    assert json.loads(text.sample()) == {"id": 1}
    assert json.loads(base64.b64decode(encoded.sample())) == {"id": 1}


def test_text_that_is_split_has_as_many_parts_as_are_read() -> None:
    parts, path = Shape("part", kind="array"), Shape("path")
    parts.item(3)
    path.split = ("/", parts)

    assert len(path.sample().split("/")) == 4


def test_a_schema_decides_types_enums_and_required_members() -> None:
    schema = {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": ["a", "b"]},
            "count": {"type": "integer", "minimum": 5},
            "rows": {
                "type": "array",
                "items": {"type": "object", "properties": {"when": {"type": "string", "format": "date-time"}}},
            },
        },
        "required": ["extra"],
    }

    sample = from_schema(schema).sample()

    assert sample["kind"] == "a"
    assert sample["count"] == 5
    assert [set(row) for row in sample["rows"]] == [{"when"}, {"when"}]
    assert "extra" in sample


def test_local_references_of_a_schema_are_followed_and_cycles_end() -> None:
    node = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string"},
            "next": {"$ref": "#/definitions/a~1b"},
            "children": {"type": "array", "items": {"$ref": "#/definitions/a~1b"}},
            "whole": {"$ref": "#"},
        },
    }

    found = from_schema({"$ref": "#/definitions/a~1b", "definitions": {"a/b": node}}).sample()

    assert found == {"name": "name 1", "children": []}


def test_what_a_flow_reads_of_a_cycle_is_there() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "in": {"$ref": "#"}}}
    shape = from_schema(schema)

    shape.property("in").property("n").want("integer")

    assert shape.sample()["in"]["n"] == 1


@pytest.mark.parametrize(
    "schema",
    [
        {
            "$ref": "#/d/0",
            "d": {
                str(n): {"type": "object", "properties": {key: {"$ref": f"#/d/{n + 1}"} for key in "abcd"}}
                for n in range(40)
            },
        },
        {"type": "object", "required": ["a", "b"], "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}},
        {"type": "array", "minItems": 1000, "items": {"type": "array", "minItems": 1000, "items": {"type": "string"}}},
        {"type": "string", "minLength": 10**12},
        {"type": "array", "minItems": 10**12, "items": {"type": "integer"}},
    ],
    ids=["fan out", "cycle that is required", "lists in lists", "long text", "long list"],
)
def test_a_schema_that_asks_for_very_much_gets_some_of_it(schema: dict[str, object]) -> None:
    assert len(json.dumps(from_schema(schema).sample())) < 5_000_000


def test_what_is_read_of_an_object_made_of_another_is_read_of_that_one() -> None:
    row, made, later = Shape("row"), Shape(kind="object"), Shape()
    made.base = row
    made.properties["total"] = Shape("total", kind="integer")
    later.property("name").want("string")
    later.property("total").want("number")

    later.unite(made).property("when").want("timestamp")

    assert set(row.sample()) == {"name", "when"}


def test_an_object_made_of_itself_ends() -> None:
    first, second = Shape("a", kind="object"), Shape(kind="object")
    second.base = first
    first.unite(second)

    first.property("x").want("integer")

    assert first.sample() == {"x": 1}


def test_a_cyclic_union_ends() -> None:
    node = Shape("node")
    node.property("child").unite(node)

    assert node.sample() == {"child": None}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 3, "maxLength": 3},
        {"type": "string", "maxLength": 0},
        *[
            {"type": "string", "format": form}
            for form in ("date", "date-time", "time", "duration", "email", "uuid", "uri", "hostname", "ipv4", "ipv6")
        ],
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {
            "type": "integer",
            "minimum": 5,
            "exclusiveMinimum": True,
            "$schema": "http://json-schema.org/draft-04/schema#",
        },
        {"type": "integer", "multipleOf": 5, "minimum": 7, "maximum": 10},
        {"type": "integer", "minimum": -9, "maximum": -3},
    ],
)
def test_a_sample_keeps_to_the_bounds_of_its_schema(schema: dict[str, Any]) -> None:
    for index in range(3):
        assert violations(schema, from_schema(schema, "currency").sample(index=index)) == []
