"""Whether iterations or runs that are under way together may work on one record: read off the record's key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal
from runafter.lint.analysis.flowing import calls_read, loop_of_item, may_write_before
from runafter.lint.analysis.reading import ACTION, TRIGGER, access_keys, expressions_in, variable_writes
from runafter.lint.analysis.starting import fires_on_change
from runafter.lint.flow import Flow
from runafter.program.outline import Site
from runafter.program.part import Part

_CHANCE = frozenset({"guid", "rand", "utcnow", "iterationindexes", "workflow"})
_OWN = frozenset(
    ["id", "itemid", "guid", "rowid", "recordid", "listitemid", "itemlink", "itempath", "messageid", "internetmessageid"]
)  # fmt: skip
_SHARED = frozenset(
    [
        "sku",
        "product",
        "article",
        "customer",
        "client",
        "account",
        "category",
        "type",
        "status",
        "region",
        "country",
        "city",
        "department",
        "team",
        "group",
        "project",
        "warehouse",
        "store",
        "location",
        "branch",
        "supplier",
        "vendor",
        "owner",
        "manager",
        "user",
        "email",
        "mail",
        "company",
        "tenant",
        "channel",
        "day",
        "date",
        "month",
        "year",
        "week",
    ]
)
"""Words of fields that name what several items have in common."""
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_KEYS = ("id", "recordId", "itemId", "rowId", "rowkey", "idColumn")
_FILTERS = ("$filter", "filter", "$search", "query", "fetchXml", "$skiptoken", "search")
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class _Seed:
    """What a key begins with: the item of a loop, the trigger, a call, chance. `field` is what is taken of it;
    `searched` says that the record is looked up by it and not named by it.
    """

    kind: str
    field: str | None
    site: Site | None
    searched: bool = False


@dataclass(frozen=True, slots=True)
class _Way:
    owner: Site
    loop: Site | None
    field: str | None = None
    searched: bool = False
    depth: int = 0


def key_expressions(part: Part) -> list[Expression]:
    """Return the expressions of the parameters that say which record a call touches."""
    inputs = part.get("inputs")
    parameters = inputs.get("parameters") if inputs is not None else None
    if parameters is not None and parameters.is_object:
        return [each for name in _KEYS for each in expressions_in(parameters.get(name))]
    if inputs is None:
        return []
    return expressions_in(inputs.get("path")) + expressions_in(inputs.get("uri"))


def iterations_share(flow: Flow, site: Site, loop: Site) -> bool:
    """Tell whether iterations of a loop may work on one record: its key is the same in all, names another thing than
    the item (`CustomerId`), or is looked up by something that several items may have in common.
    """
    seeds = list(_seeds(flow, key_expressions(site.part), _Way(site, loop)))
    inside = {each.key for each in flow.inside(loop)}
    varying = [
        seed
        for seed in seeds
        if seed.kind in {"item", "chance", "unknown"}
        or (seed.kind == "call" and seed.site is not None and seed.site.key in inside)
    ]
    return all(_may_coincide(seed) and not _is_row_of(flow, site, loop, seed.field) for seed in varying)


def searches_share(flow: Flow, reader: Site, loop: Site) -> bool:
    """Tell whether iterations may look for one record: not where each looks for what belongs to its own item."""
    seeds = _seeds(flow, _asked(reader.part), _Way(reader, loop, searched=True))
    return all(_may_coincide(seed) for seed in seeds if seed.kind == "item")


def runs_share(flow: Flow, site: Site) -> bool:
    """Tell the same of runs: the key is the same in every run, or does not belong to the event alone. Two edits are
    of one record, and two requests may name one.
    """
    again = any(fires_on_change(each) or each.folded == "request" for each in flow.triggers)
    seeds = _seeds(flow, key_expressions(site.part), _Way(site, None))
    return all(_may_coincide(seed) or (again and seed.kind == "trigger") for seed in seeds)


def _is_row_of(flow: Flow, site: Site, loop: Site, field: str | None) -> bool:
    """Tell whether a loop goes through rows of the very table that is written, each by its own key (`accountid`)."""
    call = flow.call(site)
    if call is None or call.record is None or not call.record.store or not field:
        return False
    stem = field.casefold().removesuffix("id").rstrip("_")
    rows = [
        flow.call(flow.outline.named[name]) for name in calls_read(flow, loop, expressions_in(loop.part.get("foreach")))
    ]
    same = any(row is not None and row.record is not None and row.record.store == call.record.store for row in rows)
    names_itself = bool(stem) and call.record.store[-1].casefold().startswith(stem)
    return same and (names_itself or not field.casefold().endswith("id"))


def _may_coincide(seed: _Seed) -> bool:
    if seed.kind in {"chance", "unknown", "call"}:
        return seed.kind == "call" and _is_foreign(seed.field)
    return _is_foreign(seed.field) or (seed.searched and not _is_own(seed.field))


def _is_foreign(field: str | None) -> bool:
    """Tell whether a field names another thing (`CustomerId`, a remainder), so that several items may have it."""
    if field is None:
        return False
    folded = field.casefold()
    if folded == "mod":
        return True
    if folded.endswith("id") and folded not in _OWN:
        return not folded.startswith(("item", "row", "record", "{")) and "unique" not in folded
    return any(word.casefold() in _SHARED for word in _WORD.findall(field))


def _is_own(field: str | None) -> bool:
    folded = field.casefold() if field is not None else "id"
    return folded in _OWN or folded.startswith("{") or "unique" in folded


def _seeds(flow: Flow, expressions: list[Expression], way: _Way) -> Iterator[_Seed]:
    for expression in expressions:
        yield from _of(flow, expression, way)


def _of(flow: Flow, expression: Expression, way: _Way) -> Iterator[_Seed]:
    if way.depth > _DEEPEST:
        yield _Seed("unknown", None, None)
        return
    way = replace(way, depth=way.depth + 1)
    if isinstance(expression, Interpolation):
        for part in expression.parts:
            if not isinstance(part, str):
                yield from _of(flow, part, way)
    elif isinstance(expression, Access):
        base, accesses = access_keys(expression)
        last = accesses[-1].key
        name = str(last.value).rsplit("/", 1)[-1] if isinstance(last, Literal) else ""
        named = way.field is None and name.casefold() not in {"", "value", "body"} and not name.isdigit()
        yield from _of(flow, base, replace(way, field=name) if named else way)
        for access in accesses:
            if not isinstance(access.key, Literal):
                yield from _of(flow, access.key, way)
    elif isinstance(expression, Call):
        yield from _of_call(flow, expression, way)


def _of_call(flow: Flow, call: Call, way: _Way) -> Iterator[_Seed]:
    function = call.name.casefold()
    first = call.arguments[0] if call.arguments else None
    named = str(first.value).casefold() if isinstance(first, Literal) and isinstance(first.value, str) else None
    if function in {"item", "items"}:
        yield from _of_item(flow, loop_of_item(flow, way.owner, named), way)
    elif function in TRIGGER:
        yield _Seed("trigger", way.field, None, way.searched)
    elif function in _CHANCE:
        yield _Seed("chance", None, None)
    elif function == "variables" and named is not None:
        yield from _of_variable(flow, named, way)
    elif function in ACTION:
        yield from _of_action(flow, flow.outline.named.get(named or ""), way)
    elif function == "mod":
        yield from _seeds(flow, list(call.arguments), replace(way, field="mod"))
    else:
        yield from _seeds(flow, list(call.arguments), way)


def _of_item(flow: Flow, loop: Site | None, way: _Way) -> Iterator[_Seed]:
    if loop is None:
        yield _Seed("unknown", None, None)
    elif loop is way.loop:
        yield _Seed("item", way.field, loop, way.searched)
    else:
        yield from _seeds(flow, expressions_in(loop.part.get("foreach")), replace(way, owner=loop))


def _of_variable(flow: Flow, name: str, way: _Way) -> Iterator[_Seed]:
    for writer, variable, _ in variable_writes(flow, initial=True):
        if variable == name and writer is not way.owner and may_write_before(flow, writer, way.owner):
            values = [use.expression for use in flow.uses_of(writer)]
            yield from _seeds(flow, values, replace(way, owner=writer))


def _of_action(flow: Flow, site: Site | None, way: _Way) -> Iterator[_Seed]:
    if site is None:
        yield _Seed("unknown", None, None)
        return
    call = flow.call(site)
    if call is None:
        yield from _seeds(flow, [use.expression for use in flow.uses_of(site)], replace(way, owner=site))
    elif call.kind != "read" or _is_foreign(way.field) or call.record is None or len(call.record.store) < 2:
        yield _Seed("call", way.field, site)
    else:
        yield from _seeds(flow, _asked(site.part), replace(way, owner=site, field=None, searched=True))


def _asked(part: Part) -> list[Expression]:
    """Return the expressions that say what a read looks for."""
    parameters = part.at("inputs", "parameters") or part.at("inputs", "queries")
    filters = [
        each for name in _FILTERS for each in expressions_in(parameters.get(name) if parameters is not None else None)
    ]
    return key_expressions(part) + filters
