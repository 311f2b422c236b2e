"""`runafter graph`: the run-after graph in forms for people and programs."""

from __future__ import annotations

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
    type=click.Choice(["mermaid", "dot", "topo", "json"]),
    default="mermaid",
    show_default=True,
    help="What to print.",
)
@click.option("--flow", metavar="NAME", help="Which flow, where PATH holds several.")
def command(path: str, form: str, flow: str | None) -> None:
    """Print the run-after graph of the flow at PATH.

    `topo` prints an order in which the actions could run one after another, and
    the level of each: actions of one level and container may run at the same time.
    A cycle is named as a path, with exit code 1.
    """
    from runafter.cli.select import one_flow
    from runafter.local.read import read

    definition = one_flow(read(read_source(path)), flow)
    graph = _graph(definition)
    if form == "json":
        print_json(graph)
    else:
        click.echo({"mermaid": _mermaid, "dot": _dot, "topo": _topo}[form](graph))
    if graph["cycles"]:
        for cycle in graph["cycles"]:
            click.echo(f"error GRF001: cycle {' -> '.join(cycle)}", err=True)
        raise click.exceptions.Exit(1)


def _graph(definition: Definition) -> dict[str, Any]:
    from runafter.definition.structure import triggers, walk_actions
    from runafter.program.graph import Graph

    actions = list(walk_actions(definition))
    blocks: dict[tuple[str, str], list[ActionNode]] = {}
    for action in actions:
        blocks.setdefault((action.parent.name if action.parent else "", action.branch), []).append(action)
    order: list[str] = []
    levels: dict[str, int] = {}
    cycles: list[list[str]] = []

    def visit(container: str, base: int) -> int:
        height = 0
        for (owner, _), members in blocks.items():
            if owner != container:
                continue
            graph = Graph.of({member.name: list(member.run_after) for member in members})
            cycles.extend([list(cycle) for cycle in graph.cycles()])
            ranks = graph.levels()
            for name in graph.topological_order():
                order.append(name)
                levels[name] = base + ranks.get(name, 0)
                height = max(height, ranks.get(name, 0) + 1)
                visit(name, 0)
        return height

    visit("", 0)
    return {
        "name": definition.name,
        "triggers": [trigger.name for trigger in triggers(definition)],
        "nodes": [
            {
                "name": action.name,
                "type": action.type,
                "container": action.parent.name if action.parent else None,
                "branch": action.branch or None,
                "level": levels.get(action.name),
            }
            for action in actions
        ],
        "edges": [
            {"from": source, "to": action.name, "statuses": list(statuses)}
            for action in actions
            for source, statuses in action.run_after.items()
        ],
        "order": order,
        "cycles": cycles,
    }


def _ids(graph: dict[str, Any]) -> dict[str, str]:
    return {node["name"]: f"n{index}" for index, node in enumerate(graph["nodes"])}


def _edge_label(statuses: list[str]) -> str:
    named = [status.capitalize() if status.isupper() else status for status in statuses]
    return "" if [name.casefold() for name in named] == ["succeeded"] else ", ".join(named)


def _mermaid(graph: dict[str, Any]) -> str:
    ids = _ids(graph)
    lines = ["flowchart TD"]
    children: dict[str | None, list[dict[str, Any]]] = {}
    for node in graph["nodes"]:
        children.setdefault(node["container"], []).append(node)

    def escape(text: str) -> str:
        return text.replace('"', "#quot;")

    def emit(container: str | None, indent: str) -> None:
        for node in children.get(container, []):
            label = escape(f"{node['name']}<br/><small>{node['type']}</small>")
            if node["name"] in children:
                lines.append(f'{indent}subgraph {ids[node["name"]]}["{escape(node["name"])} · {node["type"]}"]')
                emit(node["name"], indent + "  ")
                lines.append(f"{indent}end")
            else:
                lines.append(f'{indent}{ids[node["name"]]}["{label}"]')

    for index, trigger in enumerate(graph["triggers"]):
        lines.append(f'  t{index}(["{escape(trigger)}"])')
    emit(None, "  ")
    targets = {edge["to"] for edge in graph["edges"]}
    for index, _ in enumerate(graph["triggers"]):
        for node in children.get(None, []):
            if node["name"] not in targets:
                lines.append(f"  t{index} --> {ids[node['name']]}")
    for edge in graph["edges"]:
        if edge["from"] not in ids:
            continue
        label = _edge_label(edge["statuses"])
        arrow = f"-->|{label}|" if label else "-->"
        lines.append(f"  {ids[edge['from']]} {arrow} {ids[edge['to']]}")
    return "\n".join(lines)


def _dot(graph: dict[str, Any]) -> str:
    def quote(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    children: dict[str | None, list[dict[str, Any]]] = {}
    for node in graph["nodes"]:
        children.setdefault(node["container"], []).append(node)
    lines = [f"digraph {quote(graph['name'])} {{", "  node [shape=box, style=rounded];"]

    def emit(container: str | None, indent: str) -> None:
        for node in children.get(container, []):
            lines.append(f"{indent}{quote(node['name'])} [label={quote(node['name'] + chr(10) + node['type'])}];")
            if node["name"] in children:
                lines.append(f"{indent}subgraph {quote('cluster_' + node['name'])} {{")
                lines.append(f"{indent}  label={quote(node['name'])};")
                emit(node["name"], indent + "  ")
                lines.append(f"{indent}}}")

    emit(None, "  ")
    for edge in graph["edges"]:
        label = _edge_label(edge["statuses"])
        suffix = f" [label={quote(label)}]" if label else ""
        lines.append(f"  {quote(edge['from'])} -> {quote(edge['to'])}{suffix};")
    lines.append("}")
    return "\n".join(lines)


def _topo(graph: dict[str, Any]) -> str:
    nodes = {node["name"]: node for node in graph["nodes"]}
    width = len(str(len(graph["order"])))
    lines = []
    for position, name in enumerate(graph["order"], 1):
        node = nodes[name]
        inside = (
            f"  in {node['container']}" + (f" ({node['branch']})" if node["branch"] not in {None, "actions"} else "")
            if node["container"]
            else ""
        )
        lines.append(f"{position:>{width}}  level {node['level']}  {name}{inside}")
    return "\n".join(lines)
