"""`runafter graph`: the run-after graph in forms for people and programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from runafter.cli.output import print_json, read_source

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition
    from runafter.definition.structure import ActionNode


@click.command("graph")
@click.argument("path")
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot", "svg", "topo", "json"]),
    default="mermaid",
    show_default=True,
    help="What to print.",
)
@click.option("--flow", metavar="NAME", help="Which flow, where PATH holds several.")
def command(path: str, form: str, flow: str | None) -> None:
    """Print the run-after graph of the flow at PATH.

    `topo` prints an order in which the actions could run one after another, and
    the level of each: actions of one level and container may run at the same time.
    `svg` is a picture for a browser. A cycle is named as a path, with exit code 1.
    """
    from runafter.cli.select import one_flow
    from runafter.local.read import read

    drawn = _draw(one_flow(read(read_source(path)), flow))
    if form == "json":
        print_json(_json(drawn))
    else:
        click.echo({"mermaid": _mermaid, "dot": _dot, "svg": _svg, "topo": _topo}[form](drawn))
    if drawn.cycles:
        for cycle in drawn.cycles:
            click.echo(f"error GRF001: cycle {' -> '.join(cycle)}", err=True)
        raise click.exceptions.Exit(1)


@dataclass(frozen=True, slots=True)
class _Edge:
    """`source` is the pointer of a sibling, None where no action of that name stands beside the target."""

    source: str | None
    name: str
    target: ActionNode
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """What all forms are drawn from; actions are told apart by their pointers, since names may stand twice."""

    name: str
    triggers: list[str]
    actions: list[ActionNode]
    edges: list[_Edge]
    order: list[ActionNode]
    levels: dict[str, int]
    cycles: list[list[str]]
    blocks: dict[str | None, dict[str, list[ActionNode]]]

    def inside(self, container: ActionNode | None) -> list[ActionNode]:
        """Return what stands directly in a container, or in the flow itself, branch by branch."""
        found = self.blocks.get(container.pointer if container else None, {})
        return [action for members in found.values() for action in members]


def _draw(definition: Definition) -> _Drawing:
    from runafter.definition.structure import triggers, walk_actions
    from runafter.program.graph import Graph

    actions = {action.pointer: action for action in walk_actions(definition)}
    blocks: dict[str | None, dict[str, list[ActionNode]]] = {}
    for action in actions.values():
        parent = action.parent.pointer if action.parent else None
        blocks.setdefault(parent, {}).setdefault(action.branch, []).append(action)
    edges: list[_Edge] = []
    order: list[ActionNode] = []
    levels: dict[str, int] = {}
    cycles: list[list[str]] = []

    def visit(parent: str | None) -> None:
        for members in blocks.get(parent, {}).values():
            known = {member.name.casefold(): member.pointer for member in members}
            found = [
                _Edge(known.get(name.casefold()), name, member, statuses)
                for member in members
                for name, statuses in member.run_after.items()
            ]
            edges.extend(found)
            before: dict[str, list[str]] = {member.pointer: [] for member in members}
            for edge in found:
                if edge.source is not None:
                    before[edge.target.pointer].append(edge.source)
            graph = Graph.of(before)
            cycles.extend([actions[pointer].name for pointer in cycle] for cycle in graph.cycles())
            levels.update(graph.levels())
            for pointer in graph.topological_order():
                order.append(actions[pointer])
                visit(pointer)

    visit(None)
    return _Drawing(
        name=definition.name,
        triggers=[trigger.name for trigger in triggers(definition)],
        actions=list(actions.values()),
        edges=edges,
        order=order,
        levels=levels,
        cycles=cycles,
        blocks=blocks,
    )


def _json(drawn: _Drawing) -> dict[str, Any]:
    names = {action.pointer: action.name for action in drawn.actions}
    return {
        "name": drawn.name,
        "triggers": drawn.triggers,
        "nodes": [
            {
                "name": action.name,
                "type": action.type,
                "container": action.parent.name if action.parent else None,
                "branch": action.branch or None,
                "level": drawn.levels.get(action.pointer),
                "pointer": action.pointer,
            }
            for action in drawn.actions
        ],
        "edges": [
            {
                "from": names.get(edge.source or "", edge.name),
                "to": edge.target.name,
                "statuses": list(edge.statuses),
            }
            for edge in drawn.edges
        ],
        "order": [action.name for action in drawn.order],
        "cycles": drawn.cycles,
    }


def _edge_label(statuses: tuple[str, ...]) -> str:
    named = [status.capitalize() if status.isupper() else status for status in statuses]
    return "" if [name.casefold() for name in named] == ["succeeded"] else ", ".join(named)


_MERMAID = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "|": "#124;", "`": "#96;"})


def _mermaid(drawn: _Drawing) -> str:
    ids = {action.pointer: f"n{index}" for index, action in enumerate(drawn.actions)}
    lines = ["flowchart TD"]

    def text(words: str) -> str:
        return " ".join(words.split()).translate(_MERMAID)

    def emit(container: ActionNode | None, indent: str) -> None:
        for action in drawn.inside(container):
            mark = ids[action.pointer]
            if drawn.inside(action):
                lines.append(f'{indent}subgraph {mark}["{text(action.name)} · {text(action.type)}"]')
                emit(action, indent + "  ")
                lines.append(f"{indent}end")
            else:
                lines.append(f'{indent}{mark}["{text(action.name)}<br/><small>{text(action.type)}</small>"]')

    for index, trigger in enumerate(drawn.triggers):
        lines.append(f'  t{index}(["{text(trigger)}"])')
    emit(None, "  ")
    targets = {edge.target.pointer for edge in drawn.edges}
    for index, _ in enumerate(drawn.triggers):
        lines.extend(
            f"  t{index} --> {ids[action.pointer]}" for action in drawn.inside(None) if action.pointer not in targets
        )
    for edge in drawn.edges:
        if edge.source is None:
            continue
        label = text(_edge_label(edge.statuses))
        arrow = f"-->|{label}|" if label else "-->"
        lines.append(f"  {ids[edge.source]} {arrow} {ids[edge.target.pointer]}")
    return "\n".join(lines)


def _dot(drawn: _Drawing) -> str:
    def quote(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    names = [action.name for action in drawn.actions]
    twice = {name for name in names if names.count(name) > 1}
    ids = {each.pointer: quote(each.pointer if each.name in twice else each.name) for each in drawn.actions}
    lines = [f"digraph {quote(drawn.name)} {{", "  node [shape=box, style=rounded];"]

    def emit(container: ActionNode | None, indent: str) -> None:
        for action in drawn.inside(container):
            mark = ids[action.pointer]
            lines.append(f"{indent}{mark} [label={quote(action.name + chr(10) + action.type)}];")
            if drawn.inside(action):
                lines.append(f'{indent}subgraph "cluster_{mark[1:]} {{')
                lines.append(f"{indent}  label={quote(action.name)};")
                emit(action, indent + "  ")
                lines.append(f"{indent}}}")

    emit(None, "  ")
    for edge in drawn.edges:
        label = _edge_label(edge.statuses)
        suffix = f" [label={quote(label)}]" if label else ""
        source = ids[edge.source] if edge.source is not None else quote(edge.name)
        lines.append(f"  {source} -> {ids[edge.target.pointer]}{suffix};")
    lines.append("}")
    return "\n".join(lines)


def _svg(drawn: _Drawing) -> str:
    from runafter.cli.graph_svg import Arrow, Box, svg

    def rows(members: list[ActionNode]) -> tuple[tuple[Box, ...], ...]:
        by_level: dict[int, list[Box]] = {}
        for action in members:
            by_level.setdefault(drawn.levels.get(action.pointer, 0), []).append(box(action))
        return tuple(tuple(by_level[level]) for level in sorted(by_level))

    def box(action: ActionNode) -> Box:
        inside = drawn.blocks.get(action.pointer, {})
        branches = tuple((name if len(inside) > 1 else "", rows(members)) for name, members in inside.items())
        return Box(mark=action.pointer, title=action.name, note=action.type, branches=branches)

    starts = tuple(
        Box(mark=f"trigger {index}", title=name, note="Trigger", kind="s") for index, name in enumerate(drawn.triggers)
    )
    first = [action for action in drawn.inside(None) if not action.run_after]
    arrows = [Arrow(source=start.mark, target=action.pointer) for start in starts for action in first]
    arrows += [
        Arrow(source=edge.source, target=edge.target.pointer, label=_short_label(edge.statuses))
        for edge in drawn.edges
        if edge.source is not None
    ]
    return svg(drawn.name, [starts, *rows(drawn.inside(None))], arrows)


def _short_label(statuses: tuple[str, ...]) -> str:
    return "any end" if len({status.casefold() for status in statuses}) == 4 else _edge_label(statuses)


def _topo(drawn: _Drawing) -> str:
    width = len(str(len(drawn.order)))
    lines = []
    for position, action in enumerate(drawn.order, 1):
        inside = f"  in {action.parent.name}" if action.parent else ""
        if action.branch not in {"", "actions"}:
            inside += f" ({action.branch})"
        lines.append(f"{position:>{width}}  level {drawn.levels.get(action.pointer)}  {action.name}{inside}")
    return "\n".join(lines)
