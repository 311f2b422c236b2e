"""What an expression reads is found without evaluating it."""

from __future__ import annotations

from runafter.expressions.parser import parse
from runafter.expressions.references import Reference, references, references_of
from runafter.expressions.template import compile_template


def only(text: str) -> Reference:
    (found,) = references(parse(text))
    return found


def test_path_after_a_body_is_found() -> None:
    found = only("body('Get_item')?['a']?['b'][0].c")

    assert (found.reads, found.name, found.path, found.is_path_whole) == (
        "action",
        "Get_item",
        ("a", "b", 0, "c"),
        True,
    )
    assert found.body_path == ("a", "b", 0, "c")


def test_outputs_and_actions_lead_into_the_same_body() -> None:
    assert only("outputs('X')?['body']?['a']").body_path == ("a",)
    assert only("actions('X').outputs.body.a").body_path == ("a",)
    assert only("outputs('X')?['statusCode']").body_path is None
    assert only("triggerOutputs()?['body/id']").path == ("body/id",)


def test_computed_name_is_said_to_be_computed() -> None:
    first, second = references(parse("variables(parameters('which'))"))

    assert (first.reads, first.name, first.is_computed) == ("variable", None, True)
    assert (second.reads, second.name, second.is_computed) == ("parameter", "which", False)


def test_computed_key_ends_the_path_and_is_read_too() -> None:
    found = list(references(parse("body('A')?[item()?['k']]?['z']")))

    assert [(each.reads, each.path, each.is_path_whole) for each in found] == [
        ("action", (), False),
        ("item", ("k",), True),
    ]


def test_reads_come_in_the_order_of_the_text() -> None:
    text = "if(equals(items('Loop'), 1), outputs('B'), iterationIndexes('Until'))"

    assert [(each.reads, each.name) for each in references(parse(text))] == [
        ("loop", "Loop"),
        ("action", "B"),
        ("iteration", "Until"),
    ]


def test_name_span_covers_the_literal() -> None:
    text = "concat('x', body('Get_item'))"
    found = only(text)

    assert found.name_span is not None
    assert text[found.name_span.start : found.name_span.end] == "'Get_item'"
    assert text[found.span.start : found.span.end] == "body('Get_item')"


def test_references_of_a_template_carry_pointers() -> None:
    template = compile_template({"a": ["x@{variables('v')}"], "b/c": "@triggerBody()?['id']"})

    assert [(pointer, each.reads) for pointer, each in references_of(template)] == [
        ("/a/0", "variable"),
        ("/b~1c", "trigger"),
    ]


def test_body_without_a_name_reads_the_action_at_hand() -> None:
    assert only("body()").reads == "this_action"
    assert (only("items()").reads, only("variables()").reads) == ("loop", "variable")
