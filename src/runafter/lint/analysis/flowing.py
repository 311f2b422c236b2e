"""Where a value comes from: over Compose and its like, the items of loops, and variables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from runafter.expressions.ast import Expression, Literal
from runafter.expressions.template import calls
from runafter.lint.analysis.reading import ACTION, actions_read, expressions_in, named_reads, variable_writes
from runafter.lint.flow import Flow
from runafter.program.outline import Site

_MOST = 400
"""Expressions that one question looks at; flows with more are answered from these."""
_OWN_ITEM = frozenset({"query", "select"})


@dataclass(frozen=True, slots=True)
class Origin:
    """An expression that a value is computed from, and the action that evaluates it."""

    expression: Expression
    owner: Site


def origins(flow: Flow, owner: Site, expressions: Iterable[Expression]) -> Iterator[Origin]:
    """Yield what a value is computed from, the expressions themselves first.

    Calls end the way: what they send is not what they answer. A variable leads to all that may have been written
    into it before, and to what decided whether that was written.
    """
    writes = variable_writes(flow, initial=True)
    waiting = [Origin(each, owner) for each in expressions]
    seen = {id(each.expression) for each in waiting}
    for origin in waiting:
        yield origin
        if len(seen) > _MOST:
            return
        for further in _before(flow, origin, writes):
            if id(further.expression) not in seen:
                seen.add(id(further.expression))
                waiting.append(further)


def calls_read(flow: Flow, owner: Site, expressions: Iterable[Expression]) -> set[str]:
    """Return the folded names of the calls from whose answers a value is computed."""
    return {
        name
        for origin in origins(flow, owner, expressions)
        for name in actions_read([origin.expression])
        if (site := flow.outline.named.get(name)) is not None and flow.call(site) is not None
    }


def derives(flow: Flow, owner: Site, expressions: Iterable[Expression], source: Site) -> bool:
    """Tell whether a value is computed from the answer of one call."""
    return source.key in calls_read(flow, owner, expressions)


def loop_of_item(flow: Flow, owner: Site, name: str | None) -> Site | None:
    """Return the Foreach whose item `items('name')`, or `item()` where no name is given, is in an action."""
    if name is not None:
        return flow.outline.named.get(name)
    if owner.folded in _OWN_ITEM:
        return None
    return next((each for each in owner.around() if each.folded == "foreach"), None)


def may_write_before(flow: Flow, writer: Site, reader: Site) -> bool:
    """Tell whether a variable that `writer` wrote may be what `reader` reads: not where it always comes later."""
    if not flow.order.is_before(reader, writer):
        return True
    theirs = {each.key for each in writer.around() if each.folded in {"foreach", "until"}}
    return any(each.key in theirs for each in reader.around())


def _before(flow: Flow, origin: Origin, writes: list[tuple[Site, str, str]]) -> Iterator[Origin]:
    owner = origin.owner
    for function, name in named_reads([origin.expression]):
        if function in ACTION:
            site = flow.outline.named.get(name)
            if site is not None and flow.call(site) is None:
                yield from (Origin(use.expression, site) for use in flow.uses_of(site))
        elif function == "items":
            yield from _source(flow, loop_of_item(flow, owner, name))
        elif function == "variables":
            for writer, variable, _ in writes:
                if variable == name and writer is not owner and may_write_before(flow, writer, owner):
                    yield from (Origin(use.expression, writer) for use in flow.uses_of(writer))
                    yield from _deciding(flow, writer, owner)
    if any(call.name.casefold() == "item" for call in calls(origin.expression)):
        yield from _source(flow, loop_of_item(flow, owner, None))


def _source(flow: Flow, loop: Site | None) -> Iterator[Origin]:
    if loop is not None:
        yield from (Origin(each, loop) for each in expressions_in(loop.part.get("foreach")))


def _deciding(flow: Flow, writer: Site, reader: Site) -> Iterator[Origin]:
    """Yield what decides whether a variable is written: conditions and loops that are around the writer alone."""
    ours = {each.key for each in reader.around()}
    for around in writer.around():
        if around.key not in ours:
            for use in flow.uses_of(around):
                if not isinstance(use.expression, Literal):
                    yield Origin(use.expression, around)
