"""Which columns of the rows that a call reads are used; None where that cannot be told."""

from __future__ import annotations

from collections.abc import Iterator

from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal
from runafter.lint.analysis.flowing import loop_of_item
from runafter.lint.flow import Flow, Use
from runafter.program.outline import Site

_COUNTED = frozenset({"length", "empty"})
_ONE = frozenset({"first", "last"})
_BESIDE = frozenset({"headers", "statuscode"})
_DEEPEST = 6


class Unclear(Exception):
    """Rows are handed on whole, so that any column may be used."""


def columns_used(flow: Flow, reader: Site) -> list[str] | None:
    """Return the columns in the order in which they are read first; empty where rows are counted only."""
    try:
        return list(dict.fromkeys(_of_call(flow, reader)))
    except Unclear:
        return None


def _of_call(flow: Flow, reader: Site) -> Iterator[str]:
    for use in flow.uses:
        for node, parent in _nodes(use.expression):
            if not isinstance(node, Call) or node.name.casefold() not in {"outputs", "body", "actions", "result"}:
                continue
            first = node.arguments[0] if node.arguments else None
            if not isinstance(first, Literal):
                raise Unclear  # a name that is computed
            if str(first.value).casefold() != reader.key:
                if node.name.casefold() == "result" and reader.key in _inside(flow, str(first.value)):
                    raise Unclear
                continue
            yield from _from_answer(flow, use, node, parent)


def _inside(flow: Flow, name: str) -> set[str]:
    site = flow.outline.named.get(name.casefold())
    return {each.key for each in flow.inside(site)} if site is not None else set()


def _from_answer(flow: Flow, use: Use, node: Call, parent: dict[int, Expression]) -> Iterator[str]:
    """Follow `outputs('A')?['body/value']`, `body('A')?['value']` and what is taken of it."""
    path = "body" if node.name.casefold() == "body" else ""
    here: Expression = node
    while path != "body/value":
        above = parent.get(id(here))
        if not isinstance(above, Access) or above.target is not here or not isinstance(above.key, Literal):
            raise Unclear
        path = f"{path}/{above.key.value}".strip("/").casefold()
        here = above
        if path.split("/", 1)[0] in _BESIDE:
            return
        if not "body/value".startswith(path):
            raise Unclear
    yield from _of_rows(flow, use, here, parent, 0)


def _of_rows(flow: Flow, use: Use, rows: Expression, parent: dict[int, Expression], depth: int) -> Iterator[str]:
    above = parent.get(id(rows))
    if isinstance(above, Call) and above.name.casefold() in _COUNTED:
        return
    if isinstance(above, Call) and above.name.casefold() in _ONE:
        yield _field_above(above, parent)
        return
    if isinstance(above, Access) and above.target is rows and isinstance(above.key, Literal):
        if not isinstance(above.key.value, int):
            raise Unclear
        yield _field_above(above, parent)
        return
    owner = use.owner
    if above is not None or owner is None or depth > _DEEPEST:
        raise Unclear
    if owner.folded == "foreach" and use.part.value == _written(owner, "foreach"):
        yield from _of_items(flow, owner)
    elif owner.folded in {"query", "select"} and use.part.value == _written(owner, "inputs", "from"):
        yield from _of_own_item(flow, owner)
        if owner.folded == "query":
            yield from _of_query(flow, owner, depth + 1)
    else:
        raise Unclear


def _of_items(flow: Flow, loop: Site) -> Iterator[str]:
    for site in flow.inside(loop):
        for use in flow.uses_of(site):
            for node, parent in _nodes(use.expression):
                if not isinstance(node, Call) or node.name.casefold() not in {"item", "items"}:
                    continue
                first = node.arguments[0] if node.arguments else None
                name = str(first.value).casefold() if isinstance(first, Literal) else None
                if loop_of_item(flow, site, name) is loop:
                    yield _field_above(node, parent)


def _of_own_item(flow: Flow, owner: Site) -> Iterator[str]:
    for use in flow.uses_of(owner):
        for node, parent in _nodes(use.expression):
            if isinstance(node, Call) and node.name.casefold() == "item":
                yield _field_above(node, parent)


def _of_query(flow: Flow, query: Site, depth: int) -> Iterator[str]:
    """Follow the rows that a Filter array leaves: its body is the list itself."""
    for use in flow.uses:
        for node, parent in _nodes(use.expression):
            if not isinstance(node, Call) or node.name.casefold() not in {"outputs", "body", "actions"}:
                continue
            first = node.arguments[0] if node.arguments else None
            if not isinstance(first, Literal) or str(first.value).casefold() != query.key:
                continue
            if node.name.casefold() != "body":
                raise Unclear
            yield from _of_rows(flow, use, node, parent, depth)


def _field_above(node: Expression, parent: dict[int, Expression]) -> str:
    above = parent.get(id(node))
    if not isinstance(above, Access) or above.target is not node or not isinstance(above.key, Literal):
        raise Unclear
    if not isinstance(above.key.value, str):
        raise Unclear
    return above.key.value


def _written(site: Site, *keys: str) -> object:
    part = site.part.at(*keys)
    return part.value if part is not None else None


def _nodes(expression: Expression) -> Iterator[tuple[Expression, dict[int, Expression]]]:
    """Yield every node with what is above each; text around an expression is above it too."""
    parent: dict[int, Expression] = {}
    waiting = [expression]
    found: list[Expression] = []
    while waiting:
        node = waiting.pop()
        found.append(node)
        below: list[Expression] = []
        if isinstance(node, Call):
            below = list(node.arguments)
        elif isinstance(node, Access):
            below = [node.target, node.key]
        elif isinstance(node, Interpolation):
            below = [part for part in node.parts if not isinstance(part, str)]
        for each in below:
            parent[id(each)] = node
        waiting += below
    yield from ((node, parent) for node in found)
