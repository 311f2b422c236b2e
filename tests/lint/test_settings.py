"""`[check]` of a runafter.toml: what it may say, what it changes, and what is refused."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import pytest
from tests.lint.cases import definition_of, load

from runafter.lint.formats import FORMATS
from runafter.lint.run import check, pages
from runafter.lint.settings import InvalidSettings, Settings, read_settings

RACE = load("lint/variable_in_concurrent_loop.yaml")["fail"][0]


def _settings(text: str) -> Settings:
    return read_settings(tomllib.loads(text), pages(), file="runafter.toml")


def _check(text: str, *, file: str = "flows/orders/flow.json", today: str = "2026-11-21") -> Any:
    settings = _settings(text)
    flow = replace(definition_of(RACE), file=file)
    return check(
        [flow],
        select=settings.select,
        ignore=settings.ignore,
        severity=settings.severity,
        waivers=settings.waivers,
        today=today,
    )


def test_select_ignore_and_severity_change_what_is_found() -> None:
    report = _check('select = ["RAC", "CON"]\nignore = ["CON"]\nseverity = {RAC = "note", RAC001 = "warning"}')

    assert [(issue.code, issue.finding.severity) for issue in report.issues] == [("RAC001", "warning")]
    assert report.fails("warning")
    assert not report.fails("error")


def test_a_rule_that_is_off_finds_nothing() -> None:
    assert "RAC001" not in {issue.code for issue in _check('severity = {RAC001 = "off"}').issues}


@pytest.mark.parametrize(
    ("place", "covers"),
    [
        ("", True),
        ('path = "flows/orders"', True),
        ('path = "flows/*/flow.json"', True),
        ('path = "flow.json"', True),
        ('path = "low.json"', False),
        ('path = "flows/order"', False),
        ('action = "add"', True),
        ('action = "Each"', True),
        ('action = "Other"', False),
        ("expires = 2026-11-21", True),
        ('expires = "2026-11-20"', False),
    ],
)
def test_a_waiver_covers_its_files_actions_and_days(place: str, covers: bool) -> None:
    report = _check(f'select = ["RAC001"]\n[[waive]]\ncode = "RAC001"\nreason = "one item"\n{place}')

    assert [issue.waived for issue in report.issues] == ["one item" if covers else None]
    assert [state.covered for state in report.waivers] == [int(covers)]


def test_a_waiver_outside_of_the_flow_is_an_external_suppression() -> None:
    report = _check('select = ["RAC001"]\n[[waive]]\ncode = "RAC"\nreason = "one item"')

    assert '"kind": "external"' in FORMATS["sarif"](report)
    assert report.issues[0].waived_in == "runafter.toml"


def test_a_waiver_that_has_ended_is_told() -> None:
    report = _check('[[waive]]\ncode = "RAC001"\nreason = "r"\nexpires = "2026-01-31"')

    assert [(state.where, state.is_over, state.covered) for state in report.waivers] == [("runafter.toml", True, 0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('selects = ["RAC"]', "no field 'selects'"),
        ('select = "RAC"', "'select' holds codes as text"),
        ('select = ["XYZ"]', "no code begins with 'XYZ'"),
        ('fail-on = "fatal"', "fail-on 'fatal' is not one of"),
        ("baseline = 3", "'baseline' is the name of a file"),
        ('severity = {RAC001 = "high"}', "severity 'high' of RAC001"),
        ("severity = 3", "'severity' is a table of codes"),
        ('waive = "RAC001"', "'waive' is an array of tables"),
        ('[[waive]]\ncode = "RAC001"', "the waiver of RAC001 gives no reason"),
        ('[[waive]]\ncode = "RAC001"\nreason = "r"\nexpires = "soon"', "expires 'soon' is no date"),
        ('[[waive]]\ncode = "RAC001"\nreason = "r"\nexpires = 3', "expires 3 is no date"),
        ('[[waive]]\nreason = "r"', "'waive.code' holds codes as text"),
        ('[[waive]]\ncode = "RAC001"\nreason = "r"\nfile = "x"', "no field 'file'"),
        ('[[waive]]\ncode = "RAC001"\nreason = "r"\npath = 3', "'path' of a waiver is text"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(InvalidSettings, match=message) as caught:
        _settings(text)

    assert caught.value.file == "runafter.toml"
