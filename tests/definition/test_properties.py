"""What holds for any input: it is read or refused by name, and what was read is written back."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.definition.cases import CASES, files, zipped

from runafter.definition.edit import Edits
from runafter.definition.read import read_bytes, read_files
from runafter.definition.rename import rename_action, rename_in_text
from runafter.definition.source import parse_bytes
from runafter.definition.structure import triggers, walk_actions
from runafter.definition.write import canonical, canonical_value, write
from runafter.errors import UnreadableSource

TEXTS = st.text(st.characters(), max_size=8) | st.sampled_from(
    [
        "runAfter",
        "actions",
        "triggers",
        "type",
        "value",
        "name",
        "id",
        "api",
        "connection",
        "defaultValue",
        "metadata",
        "schemaName",
        "EnvironmentVariables",
        "resources",
        "properties",
        "definition",
        "environmentvariablevalues",
        "environmentvariablevalue",
        "a",
        "@{outputs('A')}",
        "[a('x')]",
        "𝄞\ud800",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
SOLUTION = zipped(files("solution"))
SEEDS = (
    SOLUTION,
    zipped(files("package")),
    (CASES / "bare.json").read_bytes(),
    (CASES / "arm" / "azuredeploy.json").read_bytes(),
)
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_read_or_refused(data: bytes) -> None:
    try:
        found = read_bytes(data, "x")
    except UnreadableSource as fault:
        assert fault.code.startswith("DEF")
        return
    for definition in found:
        assert isinstance(definition.value, dict)
        list(walk_actions(definition))
        list(triggers(definition))
        if not data.startswith(b"PK"):
            assert write(definition.document) == data


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b"\xff\xfe\x00\xd8")
@example(b"\x00[")
@example(b'{"a":"\\ud800"}')
@example(b"PK\x05\x06" + bytes(18))
@RELAXED
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert_read_or_refused(data)


@given(st.sampled_from(SEEDS), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
@RELAXED
def test_any_damage_to_a_file_is_read_or_refused(seed: bytes, damage: list[tuple[int, int]]) -> None:
    data = bytearray(seed)
    for position, byte in damage:
        data[position % len(data)] = byte

    assert_read_or_refused(bytes(data))


@given(st.sampled_from(SEEDS), st.integers(0, 10_000), st.integers(0, 200), st.binary(max_size=20))
@RELAXED
def test_any_cut_of_a_file_is_read_or_refused(seed: bytes, start: int, length: int, put: bytes) -> None:
    start %= len(seed)

    assert_read_or_refused(seed[:start] + put + seed[start + length :])


@given(JSON)
def test_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    data = json.dumps(value).encode()

    root = parse_bytes(data)

    assert root.value == json.loads(data)
    assert write(root) == data
    assert parse_bytes(canonical(root).encode()).value == root.value
    assert canonical(parse_bytes(canonical_value(value).encode())) == canonical_value(value)


@given(JSON, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be"]))
def test_writing_what_was_read_gives_the_same_bytes(value: Any, encoding: str) -> None:
    data = json.dumps(value, ensure_ascii=False, indent=1).encode(encoding, "replace")

    try:
        root = parse_bytes(data)
    except UnreadableSource:
        return

    assert write(root) == data


@given(JSON, JSON)
@RELAXED
def test_any_shape_in_a_definition_or_template_is_read_or_refused(one: Any, two: Any) -> None:
    flow = {
        "triggers": one,
        "actions": {"A": two, "B": {"type": one, "runAfter": two, "actions": one, "else": two, "cases": one}},
    }
    template = {"resources": [{"type": "Microsoft.Logic/workflows", "name": one, "copy": two, "properties": {"definition": flow, "parameters": two}}],
                "parameters": one, "variables": two, "functions": one, "$schema": "deploymentTemplate"}  # fmt: skip
    for value in (flow, {"properties": {"definition": flow, "connectionReferences": one, "parameters": two}}, template):
        assert_read_or_refused(json.dumps(value).encode())


@given(
    JSON,
    st.sampled_from(
        [
            "Other/Customizations.xml",
            "environmentvariabledefinitions/rf_Limit/environmentvariablevalues.json",
            "deploymentSettings.json",
        ]
    ),
)
@RELAXED
def test_any_part_beside_a_solution_leaves_its_flow_readable(value: Any, name: str) -> None:
    settings_of = {"EnvironmentVariables": value, "ConnectionReferences": value}

    found = list(
        read_files({**files("solution"), name: json.dumps(settings_of if "Settings" in name else value).encode()})
    )

    assert [definition.name for definition in found] == ["Daily mail"]


@given(JSON, st.sampled_from(["connections.json", "parameters.json", "local.settings.json", "host.json"]))
@RELAXED
def test_any_part_beside_a_project_leaves_its_flows_readable(value: Any, name: str) -> None:
    wrapped = {"managedApiConnections": value, "functionConnections": value, "Values": value, "p": value}

    for content in (value, wrapped):
        found = list(read_files({**files("project"), name: json.dumps(content).encode()}))
        assert {definition.name for definition in found} == {"Orders", "Notify"}


@given(
    JSON,
    st.sampled_from(["manifest.json", "Microsoft.Flow/flows/0b6a1f6e-1111-4222-8333-444455556666/connectionsMap.json"]),
)
@RELAXED
def test_any_part_beside_a_package_leaves_its_flow_readable(value: Any, name: str) -> None:
    for content in (value, {"details": value, "resources": value, "shared_office365": value}):
        found = list(read_files({**files("package"), name: json.dumps(content).encode()}))
        assert found[0].name == "Greet"


@given(st.dictionaries(TEXTS, JSON, min_size=1, max_size=5), st.data())
def test_an_edit_does_to_the_text_what_it_does_to_the_value(value: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    new = data.draw(JSON)
    text = json.dumps(value, indent=data.draw(st.sampled_from([None, 2, "\t"]))).encode()

    def edited(method: str, *arguments: Any) -> Any:
        edits = Edits(parse_bytes(text))
        getattr(edits, method)(*arguments)
        return parse_bytes(write(edits.apply())).value

    assert edited("set", pointer, new) == {**value, key: new}
    assert edited("remove", pointer) == {name: item for name, item in value.items() if name != key}
    assert edited("insert", "", "brand new", new) == {**value, "brand new": new}


@given(st.text(max_size=30), st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=3))
@example("@{body('A", "A", "B")
@example("@body('A'", "A", "B")
def test_renaming_in_any_text_ends_and_there_and_back_is_the_same(text: str, old: str, new: str) -> None:
    assert isinstance(rename_in_text(text, old, new), str)
    call = "@body('" + old.replace("'", "''") + "')"
    assert rename_in_text(rename_in_text(call, old, new), new, old) == call


@given(st.text(min_size=1, max_size=10))
def test_an_action_can_get_any_name_and_its_old_one_again(name: str) -> None:
    definition = read_bytes((CASES / "bare.json").read_bytes(), "bare.json")[0]
    if name.casefold() in {action.name.casefold() for action in walk_actions(definition)}:
        return

    there = rename_action(definition, "Größe", name)
    back = rename_action(read_bytes(write(there), "bare.json")[0], name, "Größe")

    assert canonical(back) == canonical(definition.document)
