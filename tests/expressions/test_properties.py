"""Whatever is thrown at the room, it answers with a value or with an error of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runafter.errors import ExpressionError
from runafter.expressions.evaluate import evaluate, scope_for
from runafter.expressions.explain import explain
from runafter.expressions.functions.library import all_functions
from runafter.expressions.parser import parse
from runafter.expressions.template import compile_template
from runafter.values.json import compact
from runafter.values.jsonread import UnreadableJson, read_json

NOW = "2031-05-06T07:08:09Z"
NAMES = [each.name for each in all_functions()]
TOKENS = st.sampled_from(
    [
        *NAMES,
        "(",
        ")",
        ",",
        "[",
        "]",
        "?",
        ".",
        "'",
        "'a'",
        "''",
        "1",
        "-1.5",
        "true",
        "null",
        " ",
        "@",
        "{",
        "}",
        "==",
        '"',
    ]
)
SCALARS = st.one_of(
    st.sampled_from(
        [
            "null",
            "true",
            "false",
            "0",
            "-1",
            "2",
            "1.5",
            "-0.0",
            "9223372036854775807",
            "-9223372036854775808",
            "1e308",
            "''",
            "'abc'",
            "' '",
            "'1'",
            "'😀é'",
            "'2031-05-06T07:08:09Z'",
            "'yyyy'",
            "'en-US'",
            "'Day'",
            "'UTC'",
            "'%'",
            "'https://a.b/c?d#e'",
            "'<a>1</a>'",
            "'//a'",
            "'[1'",
            "'{}'",
            "'data:,x'",
            "'QQ=='",
            "'N2'",
            "decimal('1.10')",
            "float('NaN')",
            "float('-Infinity')",
            "json('[]')",
            'json(\'{"a":{"b":[1]}}\')',
            "xml('<a b=\"1\"/>')",
            "binary('x')",
            "createArray(1,'a',null)",
            "createArray('b','a')",
            "json('123456789012345678901234567890')",
            "decimal('79228162514264337593543950335')",
            "triggerBody()",
            "item()",
        ]
    ),
    st.text(max_size=6).map(lambda text: "'" + text.replace("'", "''") + "'"),
)
EXPRESSIONS = st.recursive(
    SCALARS,
    lambda inner: st.builds(
        lambda name, arguments, tail: f"{name}({','.join(arguments)}){tail}",
        st.sampled_from(NAMES),
        st.lists(inner, max_size=4),
        st.sampled_from(["", "", "?['a']", "[0]", ".b", "?[1]"]),
    ),
    max_leaves=12,
)
RELAXED = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def answer(template: Any) -> Any:
    """Evaluate; an error of ours is an answer too, anything else is not caught."""
    try:
        return evaluate(template, now=NOW, item={"a": 1}, trigger={"body": {"name": "x"}})
    except ExpressionError as error:
        assert error.message
        assert 0 <= error.start <= error.end or not error.text
        return error


@RELAXED
@given(st.text())
def test_any_text_parses_or_raises_our_error(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        assert error.code in {"EXP001", "EXP010"}


@RELAXED
@given(st.lists(TOKENS, max_size=25).map("".join))
def test_any_mix_of_tokens_is_answered(text: str) -> None:
    for template in (f"@{text}", f"a@{{{text}}}b", text):
        found = answer(template)
        assert isinstance(found, ExpressionError) or isinstance(compact(found), str)


@RELAXED
@given(EXPRESSIONS)
def test_no_expression_lets_a_foreign_exception_out(text: str) -> None:
    found = answer(f"@{text}")

    if not isinstance(found, ExpressionError):
        assert isinstance(compact(found), str)


@RELAXED
@given(st.sampled_from(NAMES), st.lists(SCALARS, max_size=4))
def test_every_function_answers_any_scalars(name: str, arguments: list[str]) -> None:
    found = answer(f"@{name}({','.join(arguments)})")

    assert isinstance(found, ExpressionError) or isinstance(compact(found), str)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(EXPRESSIONS)
def test_explaining_ends_with_what_evaluating_gives(text: str) -> None:
    template = f"@{text}"
    try:
        compiled = compile_template(template)
    except ExpressionError:
        return
    if not compiled.expressions or "(" not in text or "guid" in text.lower() or "rand" in text.lower():
        return
    found = answer(template)

    steps = explain(template, scope_for(now=NOW, item={"a": 1}, trigger={"body": {"name": "x"}}))

    if steps:
        assert (steps[-1].error is not None) == isinstance(found, ExpressionError)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@RELAXED
@given(JSON)
def test_what_is_written_as_json_is_read_as_the_same_value(value: Any) -> None:
    assert read_json(compact(value)) == value


@RELAXED
@given(st.text(alphabet="{}[]:,'\"\\/*ntfaul0123x-+.eE \n\té😀"))
def test_any_text_is_json_or_refused(text: str) -> None:
    try:
        read_json(text)
    except UnreadableJson as error:
        assert "line" in str(error)


@RELAXED
@given(JSON)
def test_a_template_of_plain_json_gives_itself(value: Any) -> None:
    if "@" in repr(value):
        return

    assert compile_template(value).is_constant
    assert evaluate(value) == value


@pytest.mark.parametrize(
    "template",
    [
        "@" + "concat(" * 5000 + "'a'" + ")" * 5000,
        "@item()" + ".a" * 5000,
        "@item()" + "?['a']" * 5000,
        "@" + "(" * 100_000,
        "@" + "[" * 100_000,
        "@{" * 50_000,
        "@json('" + "[" * 100_000 + "')",
        "@json('" + '{"a":' * 50_000 + "')",
        "@xml('" + "<a>" * 100_000 + "')",
        "@range(0, 100001)",
        "@range(-9223372036854775808, 100000)",
        "@join(range(0, 100000), concat(join(range(0, 2000), 'xxxxxxxxxx'), 'y'))",
        "@replace(join(range(0, 100000), 'aaaaaaaa'), 'a', join(range(0, 1000), 'bbbb'))",
        "@chunk(join(range(0, 100000), 'a'), 0)",
        "@base64ToString('" + "A" * 1_000_001 + "')",
        "@json('1" + "0" * 5000 + "')",
        "@add(json('1" + "0" * 300 + "'), 1)",
        "@add(json('1" + "0" * 300 + "'), 1.5)",
        "@mul(decimal('79228162514264337593543950335'), 10)",
        "@addDays('9999-12-31T00:00:00Z', 9223372036854775807)",
        "@formatNumber(1, 'N999999999')",
        "@xpath(xml('<a/>'), '" + "/a" * 20_000 + "')",
        "@xpath(xml('<a/>'), '" + "(" * 20_000 + "')",
        "@" + "1" * 10_000,
        "@concat(" + ",".join(["'a'"] * 20_000) + ")",
    ],
)
def test_a_bomb_ends_in_a_value_or_a_clear_error(template: str) -> None:
    found = answer(template)

    if isinstance(found, ExpressionError):
        assert len(found.message) > 10


@pytest.mark.parametrize(
    "text",
    ["concat(" * 199 + "item()" + ")" * 199, "createArray(" * 199 + "item()" + ")" * 199, "item()" + "?['z']" * 200],
)
@pytest.mark.parametrize("frames", [0, 300, 600])
def test_deep_expressions_work_or_are_refused_on_any_stack(text: str, frames: int) -> None:
    def at_depth(left: int) -> Any:
        return at_depth(left - 1) if left else answer(f"@{text}")

    found = at_depth(frames)

    assert frames or not isinstance(found, ExpressionError)


def test_a_deep_value_in_a_deep_expression_is_answered() -> None:
    value: Any = "x"
    for _ in range(199):
        value = [value]

    for text in (
        "createArray(" * 199 + "item()" + ")" * 199,
        "equals(item(), item())",
        "union(item(), createArray(item()))",
    ):
        try:
            evaluate(f"@{text}", item=value)
        except ExpressionError as error:
            assert "nested" in error.message


def test_a_value_that_grows_by_doubling_is_stopped() -> None:
    value: Any = ["x" * 100]
    for _ in range(60):
        value = [value, value]

    found = answer({"a": "@string(item())"})
    with pytest.raises(ExpressionError) as caught:
        compile_template("@string(item())").evaluate(_Holding(value))

    assert found is not None
    assert "too large" in caught.value.message or "longer" in caught.value.message


class _Holding:
    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        return self.value
