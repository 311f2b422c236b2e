"""Repairs: the fixes of findings as minimal edits of the author's file.

Findings are repaired in rounds. A fix of the whole flow has a round of its own;
of the others, one that touches a place that another one has changed waits for
the next round, which sees the repaired file. What would bring a finding that was not there
before is left out. The result is a fixed point: applying it again changes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from runafter.definition.nodes import Definition, Node
from runafter.definition.read.arm import read_template
from runafter.lint.finding import Issue
from runafter.lint.repairs.applying import applied, compatible
from runafter.lint.repairs.columns import column_issues
from runafter.lint.repairs.keys import key_issues
from runafter.lint.repairs.layers import layer_issues
from runafter.lint.repairs.parallel import parallel_issues
from runafter.lint.run import check
from runafter.lint.waivers import Waiver, waive
from runafter.profiles.catalogue import Catalogue

GROUPS = {
    "retry": ("RTY001", "RTY004"),
    "timeout": ("TMO001", "TMO002"),
    "catch": ("ERR002",),
    "message": ("ERR005",),
    "null-guards": ("VAL002", "VAL004"),
    "joins": ("STR012",),
    "result": ("RES001",),
    "secrets": ("SEC002",),
    "dates": ("DAT001",),
    "accumulators": ("RAC001", "RAC004", "LOP003"),
    "versions": ("RAC002",),
    "turns": ("RAC003", "RAC005", "RAC006", "RAC007"),
    "keys": ("RTY003",),
    "parallel": ("PAR001",),
    "columns": ("STO001",),
    "branches": ("STR002",),
    "validation": ("VAL001",),
    "concurrency": ("TRG001", "CAP001", "CON002"),
    "deduplication": ("TRG002",),
    "scopes": ("ERR001",),
    "monitor": ("MON001",),
}
"""What `--only` takes: a name for each kind of repair, with the codes that it repairs."""

SAFE = tuple(name for name in GROUPS if name not in {"keys", "parallel", "columns"})
"""What is repaired without being asked for by name: nothing here changes what a good run does, or what others see of it."""

_ORDER = ("RAC002", "VAL001", "STR002", "ERR001", "MON001")
"""Repairs of the whole flow, in the order in which they build upon each other."""

_ROUNDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardened:
    """The file before and after, and the findings that were repaired."""

    before: Node
    after: Node
    definitions: tuple[Definition, ...]
    repaired: tuple[Issue, ...]

    @property
    def is_changed(self) -> bool:
        return self.after.source.text != self.before.source.text


def harden(
    definitions: Sequence[Definition],
    *,
    only: Iterable[str] = SAFE,
    catalogue: Catalogue | None = None,
    waivers: Sequence[Waiver] = (),
    ignore: Sequence[str] = (),
) -> Hardened:
    """Repair the flows of one file; what is waived, there or by `waivers`, or ignored (codes or their beginnings) stays.

    Raises:
        ValueError: no definition, definitions of several files, or an unknown name in `only`.
    """
    if not definitions or any(each.document is not definitions[0].document for each in definitions):
        raise ValueError("harden takes the definitions of one file")
    names = tuple(only)
    unknown = [name for name in names if name not in GROUPS]
    if unknown:
        raise ValueError(f"no repair is named {unknown[0]!r}; there are {', '.join(GROUPS)}")
    refused = tuple(code.upper() for code in ignore)
    codes = (code for name in names for code in GROUPS[name])
    chosen = frozenset(code for code in codes if not (refused and code.startswith(refused)))
    rounds = _Rounds(definitions, chosen, catalogue, tuple(waivers))
    for _ in range(_ROUNDS):
        if not rounds.step():
            break
    return Hardened(
        before=definitions[0].document,
        after=rounds.current[0].document,
        definitions=tuple(rounds.current),
        repaired=tuple(rounds.repaired),
    )


class _Rounds:
    """The file as repaired so far. `current` are its flows, `issues` all that is found in them."""

    def __init__(
        self,
        definitions: Sequence[Definition],
        codes: frozenset[str],
        catalogue: Catalogue | None,
        waivers: tuple[Waiver, ...],
    ) -> None:
        self.codes = codes
        self.catalogue = catalogue
        self.waivers = waivers
        self.current = list(definitions)
        self.issues: Sequence[Issue] = self._check(self.current)
        self.repaired: list[Issue] = []
        self._refused: set[tuple[str, str, str]] = set()

    def step(self) -> bool:
        """Apply some fixes, or find out that one brings new findings; False when nothing is left."""
        open_ = [
            issue
            for issue in (*self.issues, *self._layers())
            if issue.code in self.codes
            and issue.fix is not None
            and issue.waived is None
            and _mark(issue) not in self._refused
        ]
        if not open_:
            return False
        whole = [issue for issue in open_ if issue.fix is not None and issue.fix.alone]
        chosen = sorted(whole, key=lambda issue: _ORDER.index(issue.code))[:1] or compatible(open_)
        while not self._take(chosen):
            if len(chosen) == 1:
                self._refused.add(_mark(chosen[0]))
                break
            chosen = chosen[: len(chosen) // 2]
        return True

    def _layers(self) -> list[Issue]:
        found = [
            issue
            for definition in self.current
            for issue in layer_issues(definition, self.codes, self.issues, self.catalogue)
        ]
        if "RTY003" in self.codes:
            found += [issue for definition in self.current for issue in key_issues(definition, self.catalogue)]
        if "PAR001" in self.codes:
            found += [issue for definition in self.current for issue in parallel_issues(definition, self.catalogue)]
        if "STO001" in self.codes:
            found += [issue for definition in self.current for issue in column_issues(definition, self.catalogue)]
        return waive(found, self.waivers, left={}, today="")

    def _check(self, definitions: Sequence[Definition]) -> Sequence[Issue]:
        return check(definitions, catalogue=self.catalogue, waivers=self.waivers).issues

    def _take(self, chosen: Sequence[Issue]) -> bool:
        """Apply fixes; keep the result unless it has a finding that was not there before."""
        document = applied(self.current[0].document, [issue.fix for issue in chosen if issue.fix is not None])
        if document is None or document.source.text == self.current[0].document.source.text:
            return False
        following = [moved for each in self.current if (moved := _moved(each, document)) is not None]
        if len(following) != len(self.current):
            return False
        found = self._check(following)
        shown = {code for issue in chosen if issue.fix is not None for code in issue.fix.shows}
        if any(code not in shown for _, code in _counts(found) - _counts(self.issues)):
            return False
        self.current, self.issues = following, found
        self.repaired += chosen
        self._refused.clear()
        return True


def _counts(issues: Iterable[Issue]) -> Counter[tuple[str, str]]:
    """Count findings by flow and code: some speak of the first of several actions, which a repair changes."""
    return Counter((issue.flow, issue.code) for issue in issues if issue.waived is None)


def _mark(issue: Issue) -> tuple[str, str, str]:
    """Identify a finding by code, flow and actions; without those by its place in its action."""
    place = "\x00".join(issue.actions) or issue.finding.pointer.rsplit("/actions/", 1)[-1]
    return issue.code, issue.flow, place


def _moved(definition: Definition, document: Node) -> Definition | None:
    """Return the same definition in the repaired file."""
    if definition.resolved is not None:
        pointer = definition.node.pointer
        read = read_template(document, definition.file, definition.parameter_values)
        return next((each for each in read if each.node.pointer == pointer and each.name == definition.name), None)
    node = document.find(definition.node.pointer)
    return replace(definition, node=node, document=document) if node is not None else None
