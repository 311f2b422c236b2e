"""What expressions read: actions, variables, parameters, loops, settings; and whether an action can have run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from runafter.expressions.ast import Access, Call, Expression, Interpolation
from runafter.expressions.ast import Literal as LiteralValue
from runafter.program.outline import Outline, Site

Reads = Literal["action", "loop", "item", "variable", "parameter", "setting"]

_READERS: dict[str, Reads] = {
    "actions": "action",
    "body": "action",
    "outputs": "action",
    "result": "action",
    "actionbody": "action",
    "actionoutputs": "action",
    "formdatavalue": "action",
    "formdatamultivalues": "action",
    "multipartbody": "action",
    "items": "loop",
    "iterationindexes": "loop",
    "item": "item",
    "variables": "variable",
    "parameters": "parameter",
    "appsetting": "setting",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One read: `name` is None where it is computed when the flow runs."""

    reads: Reads
    function: str
    name: str | None


def references_in(expression: Expression) -> Iterator[Reference]:
    """Yield what an expression reads, in the order of the text."""
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Call):
            reads = _READERS.get(node.name.casefold())
            if reads is not None:
                yield _reference(node, reads)
            waiting.extend(reversed(node.arguments))
        elif isinstance(node, Access):
            waiting.extend((node.key, node.target))
        elif isinstance(node, Interpolation):
            waiting.extend(part for part in reversed(node.parts) if not isinstance(part, str))


def unreachable_reason(reader: Site, target: Site, *, after_body: bool = False) -> str | None:
    """Say why `target` cannot have run when `reader` evaluates; None when it can.

    An action can be read when it, or a container of it, is among those that
    the reader or a container of the reader runs after. `after_body` is for the
    condition of an Until, which is evaluated after the actions inside.
    """
    ours, theirs = reader.chain(), target.chain()
    for mine, other in zip(ours, theirs, strict=False):
        if mine is other:
            continue
        if mine.level is not other.level:
            return f"{target.name!r} is in another branch of {mine.container.name!r}" if mine.container else None
        if other.key in mine.level.ancestors(mine.key):
            return None
        whom = repr(mine.name) if mine is reader else f"{mine.name!r}, which contains it,"
        what = repr(other.name) if other is target else f"{other.name!r}, which contains {target.name!r}"
        return f"{whom} does not run after {what}"
    if len(ours) == len(theirs):
        return f"{target.name!r} is the action itself"
    if len(theirs) < len(ours):
        return f"{target.name!r} contains the action and is not settled yet"
    return None if after_body else f"{target.name!r} is inside {reader.name!r} and has not run yet"


def read_actions(outline: Outline, references: Iterator[Reference]) -> set[str] | None:
    """Return the folded names of actions whose records some expression can read; None when all can be."""
    read: set[str] = set()
    for reference in references:
        if reference.reads != "action":
            continue
        if reference.name is None:
            return None
        read.add(reference.name.casefold())
    for key in list(read):
        site = outline.named.get(key)
        if site is not None:
            read.update(child for level in site.levels for child in level.sites)
    return read


def read_after_loop(outline: Outline, reads: Iterable[tuple[Reference, Site | None]]) -> set[str]:
    """Return the folded names of actions in loops that some expression outside their innermost Foreach reads.

    `reads` are references with the action that evaluates them; None stands outside all actions.
    """
    found: set[str] = set()
    for reference, reader in reads:
        site = outline.named.get(reference.name.casefold()) if reference.reads == "action" and reference.name else None
        if site is None:
            continue
        around = set() if reader is None else {each.key for each in reader.around()}
        for target in (site, *(outline.named[child] for level in site.levels for child in level.sites)):
            loop = next((each for each in target.around() if each.folded == "foreach"), None)
            if loop is None or loop.key not in around:
                found.add(target.key)
    return found


def _reference(call: Call, reads: Reads) -> Reference:
    if reads == "item":
        return Reference(reads, call.name, "")
    first = call.arguments[0] if call.arguments else None
    named = isinstance(first, LiteralValue) and isinstance(first.value, str)
    return Reference(reads, call.name, first.value if named and isinstance(first, LiteralValue) else None)
