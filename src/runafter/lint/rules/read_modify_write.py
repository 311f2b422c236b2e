from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Access, Expression, Literal
from runafter.expressions.template import calls
from runafter.lint.analysis.locks import locks_of
from runafter.lint.analysis.reading import (
    access_keys,
    actions_read,
    depends_on,
    expressions_in,
    runs_overlap,
    varies_in,
)
from runafter.lint.effects import Call
from runafter.lint.finding import Issue, Remedy
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule, at
from runafter.program.outline import Site
from runafter.program.part import Part

_ARITHMETIC = frozenset({"add", "sub", "mul", "div", "union", "setproperty", "addproperty", "removeproperty"})
_GUARDS = frozenset({"if-match", "etag", "@odata.etag", "rowversion"})


class ReadModifyWrite(Rule):
    """A record is read, changed and written back where another iteration or run can do the same in between.

    Why: both read the same value, both add to it, the second write hides the first. Nothing fails; the number is wrong.
    Instead: let the store change the value in one step (increment, SQL `set n = n + 1`), or send the ETag with the
    update (`If-Match`) and repeat the whole cycle on 412, or let only one at a time do it.
    Safe when: every iteration works on a record of its own.
    Source: Microsoft Learn, "Optimistic concurrency and conditional updates"; RFC 9110, section 13.1.1.
    """

    code = "RAC002"
    family = "races"

    def check(self, flow: Flow) -> Iterator[Issue]:
        reads = [(site, call) for site, call in flow.calling if call.kind == "read" and call.record is not None]
        overlap = runs_overlap(flow)
        locks = list(locks_of(flow))
        for site, call in flow.calling:
            if call.kind != "update" or call.record is None or call.record.key is None or _is_guarded(site.part):
                continue
            for reader, read in reads:
                if not _same(read, call) or not flow.order.is_before(reader, site):
                    continue
                computed = _computed_from(flow, site, reader)
                if computed is None:
                    continue
                region = _region(flow, site, reader, overlap)
                if region is None or any(reader in lock.inside and site in lock.inside for lock in locks):
                    continue
                key = call.record.key
                middle = f", {computed.name!r}" if computed is not site else ""
                yield self.issue(
                    flow,
                    site.part,
                    f"{reader.name!r}{middle} and {site.name!r} read, change and write the record {key!r} while {region}",
                    sites=(site, reader),
                    evidence=[
                        at(f"{reader.name!r} reads the record", reader),
                        at(f"{site.name!r} writes it back", site),
                    ],
                    remedies=_REMEDIES,
                )
                break


_VARYING = frozenset(
    ["item", "items", "trigger", "triggerbody", "triggeroutputs", "triggerformdatavalue", "actions", "body", "outputs", "result", "variables", "guid", "rand", "utcnow", "iterationindexes", "workflow"]
)  # fmt: skip
_REMEDIES = (
    Remedy(text="do not share the record: one for each item, summed up later", cost="a change of the data model"),
    Remedy(text="change the value in one step in the store (SQL update, stored procedure)", cost="needs such a store"),
    Remedy(text="send the ETag with If-Match and repeat read and write on 412", cost="more calls under contention"),
    Remedy(text="one at a time: loop repetitions 1, trigger concurrency 1", cost="throughput"),
)


def _same(read: Call, write: Call) -> bool:
    return (
        read.record is not None and write.record is not None and read.record == write.record and read.api == write.api
    )


def _is_guarded(part: Part) -> bool:
    inputs = part.get("inputs")
    text = repr(inputs.value).casefold() if inputs is not None else ""
    return any(word in text for word in _GUARDS)


def _computed_from(flow: Flow, site: Site, reader: Site) -> Site | None:
    """Return the action that computes the new value from the one that was read; None where nothing does."""
    expressions = expressions_in(site.part.get("inputs"))
    if _changes(flow, expressions, reader):
        return site
    for name in actions_read(expressions):
        middle = flow.outline.named.get(name)
        if middle is None or flow.call(middle) is not None:
            continue
        inner = [use.expression for use in flow.uses_of(middle)]
        if _changes(flow, inner, reader) or (
            middle.folded in {"incrementvariable", "decrementvariable"} and depends_on(flow, inner, reader)
        ):
            return middle
    return None


def _changes(flow: Flow, expressions: list[Expression], reader: Site) -> bool:
    for expression in expressions:
        for call in calls(expression):
            if call.name.casefold() in _ARITHMETIC and depends_on(flow, call.arguments, reader):
                return True
    return False


def _region(flow: Flow, site: Site, reader: Site, overlap: bool) -> str | None:
    """Say what else may do the same at the same time; None where each works on a record of its own."""
    keys = _key_expressions(site.part)
    loop = flow.order.concurrent_loop(site)
    if loop is not None and (not varies_in(flow, keys, loop) or _is_foreign_key(keys)):
        return f"{loop.name!r} runs {flow.repetitions[loop.key]} iterations at once"
    if loop is None and overlap and (_is_constant(keys) or _is_foreign_key(keys)):
        return "several runs may do so at once"
    return None


def _key_expressions(part: Part) -> list[Expression]:
    inputs = part.get("inputs")
    parameters = inputs.get("parameters") if inputs is not None else None
    if parameters is not None and parameters.is_object:
        found: list[Expression] = []
        for name in ("id", "recordId", "itemId", "rowId", "rowkey", "idColumn"):
            found += expressions_in(parameters.get(name))
        return found
    if inputs is None:
        return []
    return expressions_in(inputs.get("path")) + expressions_in(inputs.get("uri"))


def _is_constant(keys: list[Expression]) -> bool:
    """Tell whether a key is the same in every run: written out, or a parameter of the flow."""
    return not any(call.name.casefold() in _VARYING for expression in keys for call in calls(expression))


def _is_foreign_key(keys: list[Expression]) -> bool:
    """Tell whether a key is a field of the item that names another thing (`CustomerId`), so that items may share it."""
    for expression in keys:
        _, accesses = access_keys(expression)
        if not accesses or not isinstance(last := accesses[-1], Access) or not isinstance(last.key, Literal):
            continue
        field = str(last.key.value).rsplit("/", 1)[-1].casefold()
        if field.endswith("id") and field not in {"id", "itemid", "guid", "rowid", "recordid", "listitemid"}:
            return not field.startswith(("item", "row", "record", "{")) and "unique" not in field
    return any(call.name.casefold() == "mod" for expression in keys for call in calls(expression))
