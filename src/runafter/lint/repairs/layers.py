"""Findings for layers that a flow lacks although no rule has said so, with the repair that adds them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from runafter.definition.nodes import Definition
from runafter.errors import Finding
from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.readiness import readiness
from runafter.lint.repairs.registry import layer_fixes
from runafter.lint.waivers import waive, waivers_of
from runafter.profiles.catalogue import Catalogue


def layer_issues(
    definition: Definition, codes: Collection[str], found: Sequence[Issue], catalogue: Catalogue | None
) -> Iterator[Issue]:
    """Yield a repairable finding for each layer of a flow that is missing and not found yet."""
    flow = Flow(definition, catalogue=catalogue)
    if not any(call.writes or call.kind == "execute" for _, call in flow.calling):
        return
    known = {issue.code for issue in found if issue.flow == definition.name and issue.fix is not None}
    for layer in readiness(definition, catalogue=catalogue).layers:
        if layer.is_present:
            continue
        for code, fix in layer_fixes(flow, layer.name):
            if code in codes and code not in known:
                place = flow.root.get("actions") or flow.root
                finding = Finding(
                    code=code,
                    severity="note",
                    message="; ".join(layer.missing),
                    pointer=place.pointer,
                    line=place.line,
                    column=place.column,
                    file=definition.file or None,
                )
                issue = Issue(finding=finding, rule="", flow=definition.name, actions=(layer.name,), fix=fix)
                yield from waive([issue], waivers_of(flow), left={}, today="")
