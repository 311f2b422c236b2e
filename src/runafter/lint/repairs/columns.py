"""Only the columns that are used: `$select` for lists whose rows are read field by field.

A field that no column bears is null when it is read and an error when it is
asked for, so this is done by name only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.definition.nodes import Definition
from runafter.errors import Finding
from runafter.lint.analysis.columns import columns_used
from runafter.lint.effects import Call
from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.repairs.front import is_written
from runafter.lint.waivers import waive, waivers_of
from runafter.profiles.catalogue import Catalogue
from runafter.program.outline import Site

_COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SAID = frozenset({"$select", "$expand", "$apply", "fetchxml", "view"})
SELECT = "$select"


def column_issues(definition: Definition, catalogue: Catalogue | None) -> Iterator[Issue]:
    """Yield a repairable finding for each list of which only some columns are used."""
    flow = Flow(definition, catalogue=catalogue)
    for site, call in flow.calling:
        fix = _selected(flow, site, call)
        if fix is None:
            continue
        finding = Finding(
            code="STO001",
            severity="note",
            message=f"{site.name!r} reads whole rows",
            pointer=site.part.pointer,
            line=site.part.line,
            column=site.part.column,
            file=definition.file or None,
        )
        issue = Issue(finding=finding, rule="", flow=definition.name, actions=(site.name,), fix=fix)
        yield from waive([issue], waivers_of(flow), left={}, today="")


def _selected(flow: Flow, site: Site, call: Call) -> Fix | None:
    facts = call.facts
    if facts is None or call.kind != "read" or SELECT not in {name.casefold() for name in facts.parameters}:
        return None
    inputs = site.part.get("inputs")
    key = "queries" if inputs is not None and inputs.get("path") is not None else "parameters"
    given = inputs.get(key) if inputs is not None else None
    if inputs is None or not is_written(inputs):
        return None
    if given is not None and (not given.is_object or not is_written(given)):
        return None
    if given is not None and any(name.casefold() in _SAID for name, _ in given.members()):
        return None
    used = columns_used(flow, site)
    columns = [each.split("@", 1)[0] for each in used or ()]
    columns = list(dict.fromkeys(each for each in columns if each))
    if not columns or not all(_COLUMN.fullmatch(each) for each in columns):
        return None
    value = ",".join(columns)
    if given is None:
        change = Change(operation="insert", pointer=inputs.pointer, key=key, value={SELECT: value})
    else:
        change = Change(operation="insert", pointer=given.pointer, key=SELECT, value=value)
    return Fix(title="read only the columns that are used", changes=(change,))
