"""What history tells of a failed expression beyond the platform's message: its text, its values, the items around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runafter.engine.outcome import HIDDEN
from runafter.engine.scope import RunScope
from runafter.engine.state import Env
from runafter.errors import ExpressionError, NotSupported
from runafter.expressions.ast import Access, Call, Expression, Interpolation, Literal
from runafter.expressions.compiler import compile_expression
from runafter.expressions.template import parse_text
from runafter.values.json import compact
from runafter.values.size import TooLarge

FAULTS = (ExpressionError, NotSupported, RecursionError)
"""What evaluating may raise: the author's fault or ours to refuse, in both cases a failed action."""

_PREVIEW = 200
_MOST_PARTS = 12
_DRAWN = frozenset({"rand", "guid"})


def message_of(fault: BaseException) -> str:
    if isinstance(fault, RecursionError):
        return "The expression is nested too deeply."
    return str(getattr(fault, "message", "") or fault)


def preview(value: Any) -> Any:
    """Return a value short enough to show beside an error; objects and lists as JSON."""
    if value is None or isinstance(value, bool | int | float):
        return value
    try:
        text = value if isinstance(value, str) else compact(value)
    except TooLarge as fault:
        return f"({fault})"
    return text if len(text) <= _PREVIEW else f"{text[:_PREVIEW]}..."


def failure_of(scope: RunScope, env: Env, fault: BaseException | None, is_hidden: bool) -> dict[str, Any] | None:
    """Return the failing expression, its place in it, the values of its parts and the loop items around the action."""
    found: dict[str, Any] = {}
    if fault is not None:
        found["message"] = HIDDEN if is_hidden else message_of(fault)
    if isinstance(fault, ExpressionError) and fault.text and not is_hidden:
        found["expression"] = fault.text
        found["at"] = [fault.start, fault.end]
        if values := _values(scope, fault):
            found["values"] = values
    if fault is not None and scope.local_items and not is_hidden:
        found["item"] = preview(scope.local_items[-1])
    loops = []
    walk: Env | None = env
    while walk is not None and walk.loop is not None:
        entry: dict[str, Any] = {"loop": walk.loop, "index": walk.index}
        if not is_hidden and not walk.is_secure and walk.item is not None:
            entry["item"] = preview(walk.item)
        loops.append(entry)
        walk = walk.parent
    if loops:
        found["loops"] = loops[::-1]
    return found or None


def _values(scope: RunScope, fault: ExpressionError) -> list[dict[str, Any]]:
    """Evaluate the parts of the failing call once more, innermost first."""
    try:
        tree = parse_text(fault.text)
    except ExpressionError:
        return []
    if isinstance(tree, str):
        return []
    failing = next((n for n in _nodes(tree) if (n.span.start, n.span.end) == (fault.start, fault.end)), tree)
    rows: list[dict[str, Any]] = []
    for node in reversed(list(_nodes(failing))):
        if node is failing or isinstance(node, Literal) or (isinstance(node, Call) and node.name.lower() in _DRAWN):
            continue
        row: dict[str, Any] = {"expression": fault.text[node.span.start : node.span.end]}
        try:
            row["value"] = preview(compile_expression(node, fault.text)(scope))
        except FAULTS as inner:
            row["error"] = message_of(inner)
        if scope.is_tainted:
            return []
        if row not in rows:
            rows.append(row)
        if len(rows) == _MOST_PARTS:
            break
    return rows


def _nodes(tree: Expression) -> Iterator[Expression]:
    """Yield a node before its parts, left to right."""
    waiting: list[Expression] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        match node:
            case Call():
                waiting.extend(reversed(node.arguments))
            case Access():
                waiting.extend((node.key, node.target))
            case Interpolation():
                waiting.extend(part for part in reversed(node.parts) if not isinstance(part, str))
