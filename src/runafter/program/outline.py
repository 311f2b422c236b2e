"""The tree of actions as written: who contains whom, who runs after whom.

Nothing is judged here; what is odd stays visible for the checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from runafter.program.graph import Graph
from runafter.program.part import Part

Branch = tuple[str, str]
"""What of a container: (`actions`, ""), (`else`, ""), (`case`, its name), (`default`, ""), (`tool`, its name)."""

_STATUSES = {"succeeded": "Succeeded", "failed": "Failed", "skipped": "Skipped", "timedout": "TimedOut"}
LOOPS = frozenset({"foreach", "until"})


@dataclass(slots=True, kw_only=True, eq=False)
class Level:
    """Sibling actions of one block, by folded name, in definition order."""

    owner: Site | None
    branch: Branch
    sites: dict[str, Site] = field(default_factory=dict)
    doubles: list[Site] = field(default_factory=list)
    _graph: Graph | None = None
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        """The run-after graph over folded names; entries that name no sibling are left out."""
        if self._graph is None:
            self._graph = Graph.of(
                {key: [name.casefold() for name in site.run_after] for key, site in self.sites.items()}
            )
        return self._graph

    def ancestors(self, key: str) -> frozenset[str]:
        """Folded names of all siblings that are settled before this one starts."""
        found = self._ancestors.get(key)
        if found is None:
            found = self._ancestors[key] = frozenset(self.graph.ancestors(key))
        return found


@dataclass(slots=True, kw_only=True, eq=False)
class Site:
    """One action in its place. `type` is as written, `kind_of` folded; `depth` counts containers around it."""

    name: str
    part: Part
    level: Level
    type: str
    order: int
    depth: int
    run_after: Mapping[str, tuple[str, ...]]
    levels: list[Level] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.name.casefold()

    @property
    def folded(self) -> str:
        return self.type.casefold()

    @property
    def container(self) -> Site | None:
        return self.level.owner

    def around(self) -> Iterator[Site]:
        """Yield the enclosing actions, innermost first."""
        site = self.container
        while site is not None:
            yield site
            site = site.container

    def chain(self) -> list[Site]:
        """Return the enclosing actions and this one, outermost first."""
        return [*reversed(list(self.around())), self]

    def loops(self) -> tuple[str, ...]:
        """Names of the enclosing Foreach and Until actions, outermost first."""
        return tuple(site.name for site in self.chain()[:-1] if site.folded in LOOPS)


@dataclass(slots=True, kw_only=True)
class Outline:
    """All actions: `sites` in definition order, `named` by folded name (the first of equal names)."""

    root: Level
    sites: list[Site]
    named: dict[str, Site]


def read_outline(actions: Part | None) -> Outline:
    """Read the tree below an `actions` object."""
    outline = Outline(root=Level(owner=None, branch=("actions", "")), sites=[], named={})
    _read_level(outline, outline.root, actions, 1)
    return outline


def wished_statuses(value: object) -> tuple[str, ...]:
    """Return the statuses of a run-after entry in the platform's spelling; unknown ones stay as written."""
    items = value if isinstance(value, list) else []
    return tuple(_STATUSES.get(str(item).casefold(), str(item)) for item in items)


def _read_level(outline: Outline, level: Level, actions: Part | None, depth: int) -> None:
    if actions is None:
        return
    for name, part in actions.members():
        site = Site(
            name=name,
            part=part,
            level=level,
            type=part.text("type") or "",
            order=len(outline.sites),
            depth=depth,
            run_after=_run_after(part),
        )
        if site.key in level.sites:
            level.doubles.append(site)
        else:
            level.sites[site.key] = site
        outline.sites.append(site)
        outline.named.setdefault(site.key, site)
        for branch, inner in _branches(part):
            below = Level(owner=site, branch=branch)
            site.levels.append(below)
            _read_level(outline, below, inner, depth + 1)


def _run_after(part: Part) -> dict[str, tuple[str, ...]]:
    """Read `runAfter`, or what stood for it in the schema of 2015: `conditions: [{"dependsOn": "A"}]`."""
    written = part.get("runAfter")
    if written is not None:
        return {name: wished_statuses(entry.value) for name, entry in written.members()}
    conditions = part.get("conditions")
    rows = conditions.items() if conditions is not None else ()
    return {name: ("Succeeded",) for row in rows if (name := row.text("dependsOn")) is not None}


def _branches(part: Part) -> Iterator[tuple[Branch, Part | None]]:
    """Yield what an action contains, by the keys that it has: types in any spelling, wrong ones too."""
    if not part.is_object:
        return
    if part.has("actions"):
        yield ("actions", ""), part.get("actions")
    if (other := part.get("else")) is not None and other.is_object:
        yield ("else", ""), other.get("actions")
    if (cases := part.get("cases")) is not None:
        for name, case in cases.members():
            yield ("case", name), case.get("actions")
    if (default := part.get("default")) is not None and default.is_object:
        yield ("default", ""), default.get("actions")
    if (tools := part.get("tools")) is not None:
        for name, tool in tools.members():
            yield ("tool", name), tool.get("actions")
