"""Read, change, write back: only when nobody else has written in between.

An HTTP request can say so with the ETag that the read gave (`If-Match`); the
service answers 412 where it has changed, and the whole cycle is repeated. A
service that gives no ETag is asked for what any version fits (`*`). A connector
that takes no header leaves one at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

from runafter.lint.analysis.sharing import iterations_share
from runafter.lint.finding import Change, Fix
from runafter.lint.flow import Flow
from runafter.lint.repairs.applying import below
from runafter.lint.repairs.front import fits_deeper, free_name, is_same, is_written, run_after_change
from runafter.lint.repairs.limiting import one_at_a_time, one_run_at_a_time
from runafter.lint.repairs.words import quoted
from runafter.program.outline import Site

_DONE = ("Succeeded",)
_TIMES = 5


def write_if_unchanged(flow: Flow, sites: Sequence[Site]) -> Fix | None:
    """Repair a read-modify-write: `sites` are the write and the read."""
    if len(sites) < 2:
        return None
    write, read = sites[0], sites[1]
    cycle = _cycle(flow, write, read)
    if cycle is not None:
        return cycle
    loop = flow.order.concurrent_loop(write)
    if loop is not None and loop in read.around() and iterations_share(flow, write, loop):
        return one_at_a_time(loop)
    return one_run_at_a_time(flow)


def _cycle(flow: Flow, write: Site, read: Site) -> Fix | None:
    if write.folded != "http" or read.folded != "http" or write.level is not read.level:
        return None
    chain = _chain(read, write)
    inputs = write.part.get("inputs")
    parent = read.part.node.parent if read.part.node is not None else None
    if chain is None or inputs is None or not is_same(inputs) or parent is None or not fits_deeper(chain):
        return None
    if any(not is_written(site.part) or site.folded == "initializevariable" for site in chain):
        return None
    names = [str(key) for key, _ in parent.members()]
    keys = {site.key for site in chain}
    places = [index for index, key in enumerate(names) if key.casefold() in keys]
    if places != list(range(places[0], places[0] + len(chain))):
        return None
    name = free_name(flow, f"Repeat_until_{write.name}_fits")
    until = {
        "type": "Until",
        "runAfter": {each: list(statuses) for each, statuses in read.run_after.items()},
        "expression": f"@not(equals(outputs({quoted(write.name)})?['statusCode'], 412))",
        "limit": {"count": _TIMES, "timeout": "PT10M"},
    }
    changes = [
        Change(
            operation="wrap",
            pointer=parent.pointer,
            key=name,
            value=until,
            members=tuple(names[places[0] : places[-1] + 1]),
        ),
        _header(write, f"@coalesce(outputs({quoted(read.name)})?['headers']?['ETag'], '*')"),
    ]
    for site in read.level.sites.values():
        entry = next((each for each in site.run_after if each.casefold() in keys), None)
        if site.key in keys or entry is None:
            continue
        if entry.casefold() != write.key or tuple(site.run_after[entry]) != _DONE:
            return None
        after = {name if each == entry else each: statuses for each, statuses in site.run_after.items()}
        changes.append(run_after_change(site, after))
    if read.run_after:
        changes.append(run_after_change(read, {}))
    return Fix(title="write only what nobody changed in between, or repeat", changes=tuple(changes), alone=True)


def _chain(read: Site, write: Site) -> list[Site] | None:
    """Return the actions from the read to the write, when each waits for the one before it alone."""
    found = [write]
    while found[0] is not read:
        here = found[0]
        names = list(here.run_after)
        if len(names) != 1 or tuple(here.run_after[names[0]]) != _DONE:
            return None
        before = here.level.sites.get(names[0].casefold())
        if before is None or before in found:
            return None
        found.insert(0, before)
    return found


def _header(write: Site, value: str) -> Change:
    inputs = write.part.get("inputs")
    assert inputs is not None
    headers = inputs.get("headers")
    if headers is not None and headers.is_object and is_written(headers):
        return Change(operation="insert", pointer=headers.pointer, key="If-Match", value=value)
    if headers is None:
        return Change(operation="insert", pointer=inputs.pointer, key="headers", value={"If-Match": value})
    return Change(operation="set", pointer=below(inputs.pointer, "headers"), value={"If-Match": value})
