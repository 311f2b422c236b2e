"""Every rule finds its failing cases, keeps quiet about its passing ones, and its fix removes the finding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.lint.cases import CASES, definition_of, load

from runafter.connectors.registry import catalogue
from runafter.definition.edit import Edits
from runafter.lint.finding import Fix
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule
from runafter.lint.run import own_rules

RULES = {rule.name: rule for rule in own_rules()}


def _cases(kind: str) -> list[Any]:
    return [
        pytest.param(path.stem, case, id=f"{path.stem}: {case['name']}")
        for path in sorted((CASES / "lint").glob("*.yaml"))
        for case in load(f"lint/{path.name}")[kind]
    ]


def _issues(rule: Rule, case: dict[str, Any]) -> list[Any]:
    return list(rule.check(Flow(definition_of(case), catalogue=catalogue())))


@pytest.mark.parametrize(("name", "case"), _cases("fail"))
def test_a_rule_finds_its_pattern(name: str, case: dict[str, Any]) -> None:
    issues = _issues(RULES[name], case)

    assert issues
    for issue in issues:
        assert issue.code == RULES[name].code
        assert issue.finding.line > 0
        assert issue.finding.message


@pytest.mark.parametrize(("name", "case"), _cases("pass"))
def test_a_rule_keeps_quiet_where_its_pattern_is_absent(name: str, case: dict[str, Any]) -> None:
    assert [issue.finding.message for issue in _issues(RULES[name], case)] == []


@pytest.mark.parametrize(("name", "case"), [each for each in _cases("fail") if each.values[1].get("fix")])
def test_a_fix_removes_the_finding_and_adds_none_of_its_rule(name: str, case: dict[str, Any]) -> None:
    definition = definition_of(case)
    issues = list(RULES[name].check(Flow(definition, catalogue=catalogue())))
    fixes = [issue.fix for issue in issues if issue.fix is not None]
    assert fixes

    repaired = _apply(definition, fixes)

    assert list(RULES[name].check(Flow(repaired, catalogue=catalogue()))) == []


def _apply(definition: Any, fixes: list[Fix]) -> Any:
    edits = Edits(definition.document)
    for fix in fixes:
        for change in fix.changes:
            if change.operation == "insert":
                edits.insert(change.pointer, change.key, change.value, before=change.before)
            else:
                edits.set(change.pointer, change.value)
    document = edits.apply()
    return replace(definition, node=document, document=document)


def test_every_rule_has_cases_of_both_kinds_and_a_whole_page() -> None:
    for name, rule in RULES.items():
        path = CASES / "lint" / f"{name}.yaml"
        assert path.is_file(), name
        cases = load(f"lint/{name}.yaml")
        assert cases["fail"], name
        assert cases["pass"], name
        page = rule.page().page
        for heading in ("Why: ", "Instead: ", "Safe when: ", "Source: "):
            assert f"\n{heading}" in page, (name, heading)


def test_no_case_file_is_without_its_rule() -> None:
    assert [path.stem for path in Path(CASES / "lint").glob("*.yaml") if path.stem not in RULES] == []


def test_codes_and_names_of_rules_are_used_once() -> None:
    codes = [rule.code for rule in own_rules()]

    assert len(set(codes)) == len(codes) == len(RULES)
