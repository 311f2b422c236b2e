"""Choose one flow where a source holds several."""

from __future__ import annotations

from collections.abc import Sequence

import click

from runafter.definition.nodes import Definition


def one_flow(definitions: Sequence[Definition], name: str | None) -> Definition:
    """Return the flow called `name` (letter case aside, a unique part is enough), or the only one.

    Raises:
        click.UsageError: none, or several, are meant; the message lists them.
    """
    if name is None:
        if len(definitions) == 1:
            return definitions[0]
        raise click.UsageError(
            f"PATH holds {len(definitions)} flows; choose one with --flow NAME:\n" + _listing(definitions)
        )
    folded = name.casefold()
    exact = [item for item in definitions if item.name.casefold() == folded]
    found = exact or [item for item in definitions if folded in item.name.casefold() or folded in item.file.casefold()]
    if len(found) == 1:
        return found[0]
    problem = f"No flow named {name!r}" if not found else f"{len(found)} flows match {name!r}"
    raise click.UsageError(f"{problem}; PATH holds:\n" + _listing(found or definitions))


def _listing(definitions: Sequence[Definition]) -> str:
    return "\n".join(f"  {item.name}  ({item.file})" for item in definitions[:40])
