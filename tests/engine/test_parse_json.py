"""ParseJson: every violation with its path."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine.driver import drive

from runafter.engine.schema import InvalidSchema, violations

SCHEMA = {
    "type": "object",
    "required": ["id", "mail", "rows"],
    "properties": {
        "id": {"type": "integer"},
        "mail": {"type": "string", "format": "email"},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}}},
    },
}


def _parse(content: Any, schema: Any = SCHEMA) -> Any:
    return drive({"Parse": {"type": "ParseJson", "inputs": {"content": content, "schema": schema}}}).record("Parse")


def test_three_faults_are_all_reported_with_their_paths() -> None:
    record = _parse({"id": "7", "mail": "x", "rows": [{"kind": "a"}, {"kind": "z"}]})

    assert record.status == "Failed"
    assert record.error["code"] == "SchemaValidationFailed"
    assert [(e["path"], e["message"]) for e in record.outputs["errors"]] == [
        ("id", "Invalid type. Expected Integer but got String."),
        ("mail", "String 'x' does not validate against format 'email'."),
        ("rows[1].kind", 'Value "z" is not defined in enum.'),
    ]
    for path in ("'id'", "'mail'", "'rows[1].kind'"):
        assert path in record.error["message"]


def test_missing_properties_are_named_together() -> None:
    assert [v.message for v in violations(SCHEMA, {"id": 1})] == [
        "Required properties are missing from object: mail, rows."
    ]


def test_content_as_text_is_parsed() -> None:
    assert _parse('{"id": 1, "mail": "a@b.test", "rows": []}').outputs["body"]["id"] == 1


def test_null_content_fails_as_the_platform_says() -> None:
    assert _parse(None).error["message"] == "Required property 'content' expects a value but got null. Path ''."


def test_a_schema_without_a_draft_may_bound_by_number_as_later_drafts_do() -> None:
    schema = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 10}

    assert violations(schema, 1) == []
    assert [v.message for v in violations(schema, 0)] == [
        "Integer 0 equals minimum value of 0 and exclusive minimum is true."
    ]
    with pytest.raises(InvalidSchema):
        violations({"$schema": "http://json-schema.org/draft-04/schema#", **schema}, 1)


def test_remote_references_are_refused() -> None:
    with pytest.raises(InvalidSchema):
        violations({"$ref": "https://example.test/schema.json"}, {})


@pytest.mark.parametrize(
    ("schema", "content", "message"),
    [
        ({"type": ["string", "null"]}, 1, "but got Integer."),
        ({"minLength": 3}, "ab", "String 'ab' is less than minimum length of 3."),
        ({"maxLength": 1}, "ab", "String 'ab' exceeds maximum length of 1."),
        ({"pattern": "^z"}, "ab", "String 'ab' does not match regex pattern '^z'."),
        ({"minimum": 3}, 1, "Integer 1 is less than minimum value of 3."),
        ({"maximum": 3}, 4.5, "Float 4.5 exceeds maximum value of 3."),
        ({"minItems": 2}, [1], "Array item count 1 is less than minimum count of 2."),
        ({"required": True, "type": ""}, 1, None),
    ],
)
def test_violations_are_worded_as_the_platforms_validator_words_them(
    schema: Any, content: Any, message: str | None
) -> None:
    found = [v.message for v in violations(schema, content)]

    if message is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].endswith(message)
