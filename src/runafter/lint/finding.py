"""A finding of `check`: a `Finding` with its rule, evidence, ranked remedies and, where there is one, a fix."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from runafter.errors import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One step of the reasoning: a sentence and the place it speaks of."""

    text: str
    pointer: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """One way to repair, with what it costs; remedies are ranked, the best first."""

    text: str
    cost: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One minimal edit of the author's file: `operation` is set, insert, remove, rename, move or wrap, at a JSON pointer.

    `key` and `before` place an inserted member of an object (None: at its end);
    for arrays `key` is the index. A move goes before the sibling `before`. A wrap
    puts the actions `members` of the object at `pointer` into the `actions` of a
    new member `key`, whose other fields are `value`.
    """

    operation: str
    pointer: str
    value: Any = None
    key: str | int | None = None
    before: str | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Edits that repair one finding; `title` says what they do. One that is `alone` is applied before any other.

    `shows` are codes of findings that were there in another form, and are only seen after the repair.
    """

    title: str
    changes: tuple[Change, ...]
    alone: bool = False
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One finding of one rule in one flow.

    `waived` is the reason for which it is accepted, `waived_in` the file that says so; empty for the flow itself.
    """

    finding: Finding
    rule: str
    flow: str
    actions: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    fix: Fix | None = None
    waived: str | None = None
    waived_in: str = ""

    @property
    def code(self) -> str:
        return self.finding.code

    def fingerprint(self) -> str:
        """Return what identifies this finding in a baseline: code, flow and actions, no line numbers."""
        actions = self.actions or (self.finding.pointer,)
        text = "\x00".join((self.finding.code, self.flow, *actions))
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
