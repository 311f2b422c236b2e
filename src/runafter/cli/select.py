"""Choose one flow where a source holds several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from runafter.definition.nodes import Definition


def one_flow(definitions: Sequence[Definition], name: str | None) -> Definition:
    """Return the flow called `name` (letter case, spaces and underscores aside, a unique part is enough), or the only one.

    Flows of one file that share their name are told apart by where they stand in it: `file#/resources/2`.

    Raises:
        click.UsageError: none, or several, are meant; the message lists them.
    """
    if name is None:
        if len(definitions) == 1:
            return definitions[0]
        raise click.UsageError(
            f"PATH holds {len(definitions)} flows; choose one with --flow NAME:\n" + _listing(definitions)
        )
    wished = _folded(name)
    exact = [item for item in definitions if _folded(item.name) == wished]
    found = exact or [item for item in definitions if wished in _folded(item.name) or wished in _folded(_place(item))]
    if len(found) == 1:
        return found[0]
    problem = f"No flow named {name!r}" if not found else f"{len(found)} flows match {name!r}"
    raise click.UsageError(f"{problem}; PATH holds:\n" + _listing(found or definitions))


def _folded(text: str) -> str:
    """Fold what a flow's name loses as the name of a folder."""
    return text.casefold().replace(" ", "_")


def _place(definition: Definition) -> str:
    return f"{definition.file}#{definition.node.pointer}/"


def _listing(definitions: Sequence[Definition]) -> str:
    shown = definitions[:40]
    seen = Counter((item.file, _folded(item.name)) for item in shown)
    places = [_place(item).rstrip("/") if seen[item.file, _folded(item.name)] > 1 else item.file for item in shown]
    return "\n".join(f"  {item.name}  ({place})" for item, place in zip(shown, places, strict=True))
