"""A program's blocks as integer tables: made once per program, shared by all its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from runafter.program.steps import (
    AnyStep,
    Block,
    ForeachStep,
    IfStep,
    Program,
    ScopeStep,
    SwitchStep,
    UntilStep,
)

_CANONICAL = {status.casefold(): status for status in ("Succeeded", "Failed", "Skipped", "TimedOut", "Cancelled")}

Starter = Callable[[Any, Any, "Node"], None]


class Node:
    """One action at its place in a block. `predecessors` are (index, wished statuses)."""

    __slots__ = ("blocks", "index", "name", "predecessors", "starter", "step", "successors")

    def __init__(self, index: int, step: AnyStep, starter: Starter) -> None:
        self.index = index
        self.step = step
        self.name = step.name
        self.starter = starter
        self.predecessors: tuple[tuple[int, tuple[str, ...]], ...] = ()
        self.successors: tuple[int, ...] = ()
        self.blocks: tuple[BlockPlan, ...] = ()


class BlockPlan:
    """One block: `counts[i]` predecessors of node i, its roots and leaves as indexes."""

    __slots__ = ("counts", "leaves", "nodes", "roots")

    def __init__(self, nodes: tuple[Node, ...], roots: tuple[int, ...], leaves: tuple[int, ...]) -> None:
        self.nodes = nodes
        self.roots = roots
        self.leaves = leaves
        self.counts = [len(node.predecessors) for node in nodes]


class Plan:
    """All blocks of a program; `children[name]` are an action's immediate children in definition order."""

    __slots__ = ("children", "program", "root")

    def __init__(self, program: Program, starters: Mapping[type, Starter]) -> None:
        self.program = program
        self.children: dict[str, tuple[str, ...]] = {}
        self.root = self._block(program.root, starters)

    def _block(self, block: Block, starters: Mapping[type, Starter]) -> BlockPlan:
        """Nesting is bounded by the definition's reader, so this may recurse."""
        steps = self.program.steps
        place = {name: index for index, name in enumerate(block.names)}
        nodes = tuple(Node(i, steps[name], starters[type(steps[name])]) for i, name in enumerate(block.names))
        for node in nodes:
            node.predecessors = tuple(
                (place[other], tuple(_CANONICAL.get(s.casefold(), s) for s in wished))
                for other, wished in block.predecessors.get(node.name, ())
                if other in place
            )
            node.successors = tuple(place[other] for other in block.successors.get(node.name, ()) if other in place)
            inner = blocks_of(node.step)
            node.blocks = tuple(self._block(each, starters) for each in inner)
            if inner:
                self.children[node.name] = tuple(name for each in inner for name in each.names)
        roots = tuple(node.index for node in nodes if not node.predecessors)
        return BlockPlan(nodes, roots, tuple(place[name] for name in block.leaves if name in place))


def blocks_of(step: AnyStep) -> tuple[Block, ...]:
    """Return the blocks directly inside an action, in the order of the definition."""
    match step:
        case ScopeStep() | ForeachStep() | UntilStep():
            return (step.block,)
        case IfStep():
            return (step.then, step.otherwise)
        case SwitchStep():
            return (*(block for _, _, block in step.cases), step.default)
        case _:
            return ()


_MOST_PLANS = 256
_plans: dict[int, Plan] = {}


def plan_of(program: Program, starters: Mapping[type, Starter]) -> Plan:
    """Return the program's plan, made once per program object (plans are immutable, so sharing them is safe)."""
    plan = _plans.get(id(program))
    if plan is None or plan.program is not program:
        if len(_plans) >= _MOST_PLANS:
            _plans.pop(next(iter(_plans)))
        plan = _plans[id(program)] = Plan(program, starters)
    return plan
