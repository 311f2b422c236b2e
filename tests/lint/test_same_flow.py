"""What a rule finds depends neither on the order of keys nor on what the actions are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.lint.cases import CASES, definition_of, load

from runafter.connectors.registry import catalogue
from runafter.lint.flow import Flow
from runafter.lint.run import own_rules

RULES = {rule.name: rule for rule in own_rules()}
ABOUT_NAMES = {"NAM001"}
REFERENCE = re.compile(r"\b(body|outputs|actions|actionOutputs|actionBody|items|result|iterationIndexes)\('([^']*)'\)")


def _cases() -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted((CASES / "lint").glob("*.yaml"))
        if RULES[path.stem].code not in ABOUT_NAMES
        for kind in ("fail", "pass")
        for case in load(f"lint/{path.name}")[kind]
    ]


def _count(name: str, case: dict[str, Any]) -> int:
    return len(list(RULES[name].check(Flow(definition_of(case), catalogue=catalogue()))))


@pytest.mark.parametrize(("name", "case"), _cases())
def test_findings_do_not_depend_on_the_order_of_keys(name: str, case: dict[str, Any]) -> None:
    assert _count(name, {**case, "actions": _reversed(case["actions"])}) == _count(name, case)


@pytest.mark.parametrize(("name", "case"), _cases())
def test_findings_do_not_depend_on_names(name: str, case: dict[str, Any]) -> None:
    called = {old: f"Größe des [Teils] {number}" for number, old in enumerate(_names(case["actions"]))}

    assert _count(name, {**case, "actions": _renamed(case["actions"], called)}) == _count(name, case)


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _reversed(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [_reversed(each) for each in value]
    return value


def _names(actions: dict[str, Any]) -> Iterator[str]:
    for name, action in actions.items():
        yield name
        for inner in _levels(action):
            yield from _names(inner)


def _levels(action: dict[str, Any]) -> Iterator[dict[str, Any]]:
    branches = (action, action.get("else"), action.get("default"), *(action.get("cases") or {}).values())
    return (branch["actions"] for branch in branches if branch and branch.get("actions"))


def _renamed(actions: dict[str, Any], called: dict[str, str]) -> Any:
    def text(found: re.Match[str]) -> str:
        return f"{found[1]}('{called.get(found[2], found[2])}')"

    def walk(value: Any, at_actions: bool) -> Any:
        if isinstance(value, str):
            return REFERENCE.sub(text, value) if "@" in value else value
        if isinstance(value, list):
            return [walk(each, False) for each in value]
        if not isinstance(value, dict):
            return value
        key_of: Callable[[str], str] = (lambda key: called.get(key, key)) if at_actions else str
        return {
            key_of(key): walk(each, key in {"actions", "runAfter"} and not at_actions) for key, each in value.items()
        }

    return walk(actions, True)
