"""The run-after graph of sibling actions: who waits for whom.

Names are compared as they are; whoever builds a graph from a file first folds
them. Every answer is in definition order where the graph leaves a choice.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runafter.program.steps import Block


@dataclass(frozen=True, slots=True)
class Graph:
    """Names in definition order; `predecessors` and `successors` of each."""

    names: tuple[str, ...]
    predecessors: Mapping[str, tuple[str, ...]]
    successors: Mapping[str, tuple[str, ...]]
    _rank: Mapping[str, int] = field(repr=False, compare=False)

    @classmethod
    def of(cls, predecessors: Mapping[str, Iterable[str]]) -> Graph:
        """Make a graph from `{name: names it runs after}`; names that are not keys are left out."""
        names = tuple(predecessors)
        rank = {name: index for index, name in enumerate(names)}
        before = {name: tuple(dict.fromkeys(p for p in predecessors[name] if p in rank)) for name in names}
        after: dict[str, list[str]] = {name: [] for name in names}
        for name in names:
            for predecessor in before[name]:
                after[predecessor].append(name)
        return cls(names, before, {name: tuple(after[name]) for name in names}, rank)

    def roots(self) -> tuple[str, ...]:
        """Return the actions that wait for nobody."""
        return tuple(name for name in self.names if not self.predecessors[name])

    def leaves(self) -> tuple[str, ...]:
        """Return the actions that nobody waits for."""
        return tuple(name for name in self.names if not self.successors[name])

    def ancestors(self, name: str) -> tuple[str, ...]:
        """Return all actions that are settled before `name` can start."""
        return self._reach(name, self.predecessors)

    def descendants(self, name: str) -> tuple[str, ...]:
        """Return all actions that cannot start before `name` is settled."""
        return self._reach(name, self.successors)

    def topological_order(self) -> tuple[str, ...]:
        """Return an order in which every action comes after those it waits for; members of cycles come last."""
        waits = {name: len(self.predecessors[name]) for name in self.names}
        ready = [self._rank[name] for name in self.names if not waits[name]]
        heapq.heapify(ready)
        order: list[str] = []
        while ready:
            name = self.names[heapq.heappop(ready)]
            order.append(name)
            for successor in self.successors[name]:
                waits[successor] -= 1
                if not waits[successor]:
                    heapq.heappush(ready, self._rank[successor])
        if len(order) < len(self.names):
            settled = set(order)
            order.extend(name for name in self.names if name not in settled)
        return tuple(order)

    def levels(self) -> dict[str, int]:
        """Return the length of the longest way from a root to each action; 0 for what hangs on a cycle."""
        levels = dict.fromkeys(self.names, 0)
        settled: set[str] = set()
        for name in self.topological_order():
            if all(predecessor in settled for predecessor in self.predecessors[name]):
                levels[name] = max((levels[p] + 1 for p in self.predecessors[name]), default=0)
                settled.add(name)
        return levels

    def cycles(self) -> tuple[tuple[str, ...], ...]:
        """Return one cycle per knot of actions, each as a path that ends where it began: `("A", "B", "A")`.

        The path goes in run order: B runs after A, and A after B.
        """
        found: list[tuple[str, ...]] = []
        done: set[str] = set()
        for start in self.names:
            if start in done:
                continue
            path: list[str] = [start]
            place = {start: 0}
            branches = [iter(self.successors[start])]
            while branches:
                step = next(branches[-1], None)
                if step is None:
                    branches.pop()
                    finished = path.pop()
                    place.pop(finished)
                    done.add(finished)
                elif step in place:
                    found.append((*path[place[step] :], step))
                elif step not in done:
                    place[step] = len(path)
                    path.append(step)
                    branches.append(iter(self.successors[step]))
        return _one_per_knot(found)

    def _reach(self, name: str, edges: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        seen: set[str] = set()
        waiting = list(edges[name])
        while waiting:
            current = waiting.pop()
            if current not in seen:
                seen.add(current)
                waiting.extend(edges[current])
        return tuple(sorted(seen, key=self._rank.__getitem__))


def make_block(run_after: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]]) -> Block:
    """Make a block from `{name: ((predecessor, wished statuses), ...)}`; names already resolved to siblings."""
    graph = Graph.of({name: [predecessor for predecessor, _ in entries] for name, entries in run_after.items()})
    known = set(graph.names)
    return Block(
        names=graph.names,
        predecessors={name: tuple(e for e in entries if e[0] in known) for name, entries in run_after.items()},
        successors=graph.successors,
        roots=graph.roots(),
        leaves=graph.leaves(),
    )


def _one_per_knot(cycles: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Leave out cycles that share an action with one already named: one fault, one line."""
    kept: list[tuple[str, ...]] = []
    named: set[str] = set()
    for cycle in sorted(cycles, key=len):
        if named.isdisjoint(cycle):
            kept.append(cycle)
            named.update(cycle)
    return tuple(kept)
