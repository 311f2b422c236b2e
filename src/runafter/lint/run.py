"""`check`: all rules over some definitions, together with everything that building them found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from runafter.definition.nodes import Definition
from runafter.errors import Finding, Severity
from runafter.lint import rules as folder
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.packs import packed_rules, rules_in
from runafter.lint.repairs.registry import fix_for
from runafter.lint.report import Report, RulePage, WaiverState
from runafter.lint.rule import Rule
from runafter.lint.waivers import Baseline, Waiver, waive, waivers_of
from runafter.profiles.catalogue import Catalogue
from runafter.program.codes import CODES

_NONE: Mapping[str, Severity] = {}
_RANK = {"error": 0, "warning": 1, "note": 2}


@cache
def own_rules() -> tuple[Rule, ...]:
    """Return one instance of every built-in rule, by code. A new rule is a new module in `lint/rules`."""
    return tuple(sorted(rules_in(folder), key=lambda rule: rule.code))


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return the built-in rules and those of installed packs, by code.

    Raises:
        InvalidRulePack: a pack cannot be used.
    """
    own = own_rules()
    packed = packed_rules([*(rule.code for rule in own), *CODES])
    return tuple(sorted((*own, *packed), key=lambda rule: rule.code))


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
    severity: Mapping[str, Severity] = _NONE,
    waivers: Sequence[Waiver] = (),
    baseline: Baseline | None = None,
    today: str = "",
    version: str = "",
) -> Report:
    """Return everything that is found in these definitions.

    `select` and `ignore` are codes or their beginnings (`RAC`, `RTY001`); no
    `select` means all. `severity` changes what findings count as, by code or its
    beginning, the longest first. `waivers` are those of the project, beside those
    of the flows. `today` (ISO date) decides whether waivers have expired;
    without it none has. `version` is Runafter's, for formats that say it.
    """
    chosen = tuple(code.upper() for code in select)
    refused = tuple(code.upper() for code in ignore)

    def is_wanted(code: str) -> bool:
        return (not chosen or code.startswith(chosen)) and not (refused and code.startswith(refused))

    rules = [rule for rule in all_rules() if is_wanted(rule.code)]
    issues: list[Issue] = []
    flows: dict[str, str] = {}
    left = dict(baseline.counts) if baseline is not None else {}
    states: list[WaiverState] = []
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
        own = waivers_of(flow)
        marked = waive(
            sorted((_counted(issue, severity) for issue in found), key=_key), (*own, *waivers), left=left, today=today
        )
        states += (_state(each, flow.definition.file or "input", marked, today) for each in own)
        issues += marked
    states += (_state(each, each.origin, issues, today) for each in waivers)
    return Report(issues=tuple(issues), rules=pages(), flows=flows, version=version, waivers=tuple(states))


def _counted(issue: Issue, severity: Mapping[str, Severity]) -> Issue:
    fitting = [code for code in severity if issue.code.startswith(code.upper())]
    if not fitting:
        return issue
    return replace(issue, finding=replace(issue.finding, severity=severity[max(fitting, key=len)]))


def _state(waiver: Waiver, where: str, issues: Sequence[Issue], today: str) -> WaiverState:
    covered = sum(issue.waived is not None and waiver.covers(issue, today) for issue in issues)
    place = f"{where}#{waiver.pointer}" if waiver.pointer else where
    return WaiverState(waiver=waiver, where=place, covered=covered, is_over=waiver.is_over(today))


def _place(definition: Definition, taken: dict[str, str]) -> str:
    """Name a flow by its file; several flows of one file get their own names behind a `#`."""
    file = definition.file or "input"
    return file if file not in taken else f"{file}#{definition.name}"


def _key(issue: Issue) -> tuple[int, int, int, str, str]:
    finding: Finding = issue.finding
    return finding.line, finding.column, _RANK[finding.severity], finding.code, finding.message
