"""Expressions that several repairs write."""

from __future__ import annotations

FLOW = "@coalesce(workflow()?['tags']?['flowDisplayName'], workflow()?['name'])"
RUN = "@workflow()?['run']?['name']"


def quoted(text: str) -> str:
    """Return a string literal of the expression language."""
    return "'" + text.replace("'", "''") + "'"
