"""Whether an action can have run when an expression reads it, and which records are read at all."""

from __future__ import annotations

from collections.abc import Iterable

from runafter.expressions.references import Reference
from runafter.program.outline import Outline, Site


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


def read_actions(outline: Outline, references: Iterable[Reference]) -> set[str] | None:
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
