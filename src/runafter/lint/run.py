"""`check`: all rules over some definitions, together with everything that building them found."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from runafter.definition.nodes import Definition
from runafter.errors import Finding
from runafter.lint import rules as folder
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.repairs.registry import fix_for
from runafter.lint.report import Report, RulePage
from runafter.lint.rule import Rule
from runafter.lint.waivers import Baseline, waive
from runafter.profiles.catalogue import Catalogue
from runafter.program.codes import CODES

_RANK = {"error": 0, "warning": 1, "note": 2}


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return one instance of every rule, by code. A new rule is a new module in `lint/rules`; no list names it."""
    found: list[Rule] = []
    for module in pkgutil.iter_modules(folder.__path__):
        loaded = importlib.import_module(f"{folder.__name__}.{module.name}")
        found += [
            value()
            for value in vars(loaded).values()
            if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == loaded.__name__
        ]
    return tuple(sorted(found, key=lambda rule: rule.code))


@cache
def pages() -> dict[str, RulePage]:
    """Return the page of every code that `check` can give, rules and build alike."""
    known = {rule.code: rule.page() for rule in all_rules()}
    for code, info in CODES.items():
        known.setdefault(
            code,
            RulePage(
                code=code,
                name=info.title.replace(" ", "_").replace("'", ""),
                title=info.title,
                page=f"{info.title[:1].upper()}{info.title[1:]}.\n\n{info.meaning}\n\nInstead: {info.remedy}",
                severity=info.severity,
                family="definition",
            ),
        )
    return dict(sorted(known.items()))


def check(
    definitions: Iterable[Definition],
    *,
    catalogue: Catalogue | None = None,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    baseline: Baseline | None = None,
    today: str = "",
    version: str = "",
) -> Report:
    """Return everything that is found in these definitions.

    `select` and `ignore` are codes or their beginnings (`RAC`, `RTY001`); no
    `select` means all. `today` (ISO date) decides whether waivers have expired;
    without it none has. `version` is Runafter's, for formats that say it.
    """
    chosen = tuple(code.upper() for code in select)
    refused = tuple(code.upper() for code in ignore)

    def is_wanted(code: str) -> bool:
        return (not chosen or code.startswith(chosen)) and not (refused and code.startswith(refused))

    rules = [rule for rule in all_rules() if is_wanted(rule.code)]
    issues: list[Issue] = []
    flows: dict[str, str] = {}
    for definition in definitions:
        flows[_place(definition, flows)] = definition.name
        flow = Flow(definition, catalogue=catalogue)
        found = [
            Issue(
                finding=finding,
                rule=pages()[finding.code].name if finding.code in pages() else "",
                flow=definition.name,
            )
            for finding in flow.findings
            if is_wanted(finding.code)
        ]
        for rule in rules:
            found.extend(
                issue if issue.fix is not None else replace(issue, fix=fix_for(flow, issue))
                for issue in rule.check(flow)
            )
        issues += waive(flow, sorted(found, key=_key), baseline=baseline, today=today)
    return Report(issues=tuple(issues), rules=pages(), flows=flows, version=version)


def _place(definition: Definition, taken: dict[str, str]) -> str:
    """Name a flow by its file; several flows of one file get their own names behind a `#`."""
    file = definition.file or "input"
    return file if file not in taken else f"{file}#{definition.name}"


def _key(issue: Issue) -> tuple[int, int, int, str, str]:
    finding: Finding = issue.finding
    return finding.line, finding.column, _RANK[finding.severity], finding.code, finding.message
