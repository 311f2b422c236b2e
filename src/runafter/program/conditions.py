"""Conditions: one expression, or a tree of groups as the designer writes it.

`{"and": [{"equals": ["@body('A')?['x']", "y"]}, {"not": {...}}]}` means the
expression `and(equals(body('A')?['x'], 'y'), not(...))`, so it becomes that
text and obeys the same rules: lazy groups, strict types, real booleans. Any
function may stand for an operator, as in `{"equals": [{"length": [...]}, 1]}`.
"""

from __future__ import annotations

import json
from typing import Any

from runafter.errors import EvaluationError
from runafter.expressions.ast import Interpolation
from runafter.expressions.functions.library import find
from runafter.expressions.template import Template
from runafter.program.draft import BLANK, Draft, Role
from runafter.program.faults import expression_findings
from runafter.program.hints import did_you_mean
from runafter.program.outline import Site
from runafter.program.part import Part, is_dynamic

GROUPS = ("and", "or", "not")
COMPARISONS = (
    "equals",
    "greater",
    "greaterOrEquals",
    "less",
    "lessOrEquals",
    "contains",
    "startsWith",
    "endsWith",
    "empty",
)
_NAMES = {name.casefold(): name for name in (*GROUPS, *COMPARISONS)}


class _Faulty(Exception):
    """The tree holds a fault that was reported."""


def condition_template(draft: Draft, part: Part | None, owner: Site | None, role: Role = "inputs") -> Template:
    """Compile a condition in either form."""
    if part is None or not part.is_object:
        return draft.template(part, owner, role)
    before = len(draft.findings)
    draft.template(part, owner, role)  # notes every expression inside, with its own place
    if any(finding.severity == "error" for finding in draft.findings[before:]):
        return BLANK
    try:
        text = _tree(draft, part)
    except _Faulty:
        return BLANK
    return draft.compile_text(f"@{text}", part)


def _tree(draft: Draft, part: Part) -> str:
    """Return the expression that an object of the tree means."""
    members = list(part.members())
    if len(members) != 1:
        draft.report("ACT005", f"a condition has one operator at each level, not {len(members)}", part)
        raise _Faulty
    key, operands = members[0]
    name = _operator(key)
    if name is None:
        hint = did_you_mean(key, _NAMES.values()) or f"one of: {', '.join(_NAMES.values())}"
        draft.report("ACT005", f"{key!r} is no operator of a condition", operands, hint=hint)
        raise _Faulty
    rows = list(operands.items()) if isinstance(operands.value, list) else [operands]
    if not rows:
        draft.report("ACT005", f"operator {key!r} has no operands", operands)
        raise _Faulty
    function = find(name)
    assert function is not None, name
    try:
        function.check_count(len(rows))
    except EvaluationError as fault:
        draft.report("EXP002", fault.message, operands, hint=fault.hint)
    return f"{name}({', '.join(_operand(draft, row, name) for row in rows)})"


def _operand(draft: Draft, part: Part, name: str) -> str:
    value = part.value
    if isinstance(value, dict) and (name in GROUPS or _is_tree(value)):
        return _tree(draft, part)
    return _literal(value)


def _operator(key: str) -> str | None:
    """Return what a key means: an operator of the designer, or a function of the language by its name."""
    name = _NAMES.get(key.casefold())
    if name is not None:
        return name
    function = find(key)
    return function.name if function is not None else None


def _is_tree(value: dict[str, Any]) -> bool:
    """Tell whether an operand is a call: an operator, or another function with its arguments in a list."""
    if len(value) != 1:
        return False
    key, operands = next(iter(value.items()))
    return key.casefold() in _NAMES or (isinstance(operands, list) and _operator(key) is not None)


def _literal(value: Any) -> str:
    """Return the expression text of a leaf."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case str():
            return _string(value)
        case _:
            return f"json({quoted(json.dumps(value, ensure_ascii=False))})"


def _number(value: float) -> str:
    text = repr(value)
    return text if all(letter in "0123456789.-" for letter in text) else f"json({quoted(text)})"


def _string(value: str) -> str:
    if not is_dynamic(value) and "@" not in value:
        return quoted(value)
    found = expression_findings(value)
    if found.whole is None:
        return quoted(found.literal)
    if isinstance(found.whole, Interpolation):
        pieces = [
            quoted(piece) if isinstance(piece, str) else value[piece.span.start : piece.span.end]
            for piece in found.whole.parts
        ]
        return f"concat({', '.join(pieces)})" if pieces else "''"
    return value[1:]


def quoted(text: str) -> str:
    """Return a string literal of the language."""
    return "'" + text.replace("'", "''") + "'"
