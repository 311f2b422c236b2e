"""A key by which a service knows the second attempt of a request again.

The header is the one of draft-ietf-httpapi-idempotency-key-header; a service
that does not know it ignores it. The key is made of the run and the action, so
it is the same in each attempt. Inside a loop it would be the same for other
items too, so there is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from runafter.definition.nodes import Definition
from runafter.errors import Finding
from runafter.lint.effects import Call
from runafter.lint.finding import Change, Fix, Issue
from runafter.lint.flow import Flow
from runafter.lint.repairs.front import is_written
from runafter.lint.waivers import waive, waivers_of
from runafter.profiles.catalogue import Catalogue
from runafter.program.outline import Site

HEADER = "Idempotency-Key"
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


def key_issues(definition: Definition, catalogue: Catalogue | None) -> Iterator[Issue]:
    """Yield a repairable finding for each HTTP request that makes something and carries no key."""
    flow = Flow(definition, catalogue=catalogue)
    for site, call in flow.calling:
        change = _key(site, call)
        if change is None:
            continue
        finding = Finding(
            code="RTY003",
            severity="note",
            message=f"{site.name!r} ({call.title}) may be tried again and sends no key",
            pointer=site.part.pointer,
            line=site.part.line,
            column=site.part.column,
            file=definition.file or None,
        )
        fix = Fix(title="send a key with the request", changes=(change,))
        issue = Issue(finding=finding, rule="", flow=definition.name, actions=(site.name,), fix=fix)
        yield from waive([issue], waivers_of(flow), left={}, today="")


def _key(site: Site, call: Call) -> Change | None:
    inputs = site.part.get("inputs")
    if call.api != "http" or call.waits or call.kind != "execute" or inputs is None or site.loops():
        return None
    if not is_written(inputs) or not inputs.is_object:
        return None
    key = f"@{{workflow()?['run']?['name']}}-{_ODD.sub('-', site.name)}"
    headers = inputs.get("headers")
    if headers is None:
        return Change(operation="insert", pointer=inputs.pointer, key="headers", value={HEADER: key})
    if headers.is_object and is_written(headers) and not headers.has(HEADER):
        return Change(operation="insert", pointer=headers.pointer, key=HEADER, value=key)
    return None
