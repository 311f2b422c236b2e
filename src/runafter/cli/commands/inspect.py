"""`runafter inspect`: what a flow is, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from runafter.cli.dialect import known_profile
from runafter.cli.output import console, print_findings, print_json, read_source
from runafter.errors import Finding, finding_fields

if TYPE_CHECKING:
    from rich.tree import Tree

    from runafter.definition.nodes import Definition
    from runafter.definition.structure import ActionNode
    from runafter.protocol.commands import Target


@click.command("inspect")
@click.argument("path")
@click.option("--flow", metavar="NAME", help="Only the flow of this name, where PATH holds several.")
@click.option(
    "--profile",
    callback=known_profile,
    help="Dialect: power-automate, logic-apps-consumption or logic-apps-standard; detected by default.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings only.")
def command(path: str, flow: str | None, profile: str | None, as_json: bool, quiet: bool) -> None:
    """Show the flows at PATH as trees, and everything that is wrong with them.

    Each action shows its type, connector and operation, and what it runs after.
    Exit code 1 when a finding is an error.
    """
    from runafter.cli.select import one_flow
    from runafter.local.read import read
    from runafter.program.build import problems

    definitions = read(read_source(path), profile=profile)
    if flow is not None:
        definitions = [one_flow(definitions, flow)]
    found = [(definition, problems(definition)) for definition in definitions]
    if as_json:
        print_json([_plain(definition, findings) for definition, findings in found])
    else:
        for index, (definition, findings) in enumerate(found):
            if not quiet:
                if index:
                    click.echo()
                console().print(_tree(definition))
            print_findings(findings)
        _print_summary([finding for _, findings in found for finding in findings], len(found))
    if any(finding.severity == "error" for _, findings in found for finding in findings):
        raise click.exceptions.Exit(1)


def _print_summary(findings: list[Finding], flows: int) -> None:
    counts = {
        severity: sum(finding.severity == severity for finding in findings) for severity in ("error", "warning", "note")
    }
    said = ", ".join(f"{count} {severity}{'s' if count != 1 else ''}" for severity, count in counts.items() if count)
    click.echo(f"{flows} flow{'s' if flows != 1 else ''}: {said or 'no findings'}")


def _operation(targets: dict[str, Target], action: ActionNode) -> str:
    target = targets.get(action.name)
    if target is None:
        return ""
    api = (target.api or "").rsplit("/", 1)[-1]
    return " ".join(
        part for part in (api or target.connection, target.operation or _request_line(action.node.value)) if part
    )


def _request_line(action: Any) -> str:
    inputs = action.get("inputs") if isinstance(action, dict) else None
    if not isinstance(inputs, dict):
        return ""
    where = inputs.get("path") or inputs.get("uri") or ""
    line = f"{str(inputs.get('method', '')).upper()} {where if isinstance(where, str) else ''}".strip()
    return line if len(line) <= 100 else line[:97] + "..."


def _after(action: ActionNode) -> str:
    parts = []
    for name, statuses in action.run_after.items():
        named = [status.capitalize() if status.isupper() else status for status in statuses]
        parts.append(
            name if [status.casefold() for status in named] == ["succeeded"] else f"{name} [{', '.join(named)}]"
        )
    return ", ".join(parts)


def _tree(definition: Definition) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    from runafter.definition.structure import triggers, walk_actions
    from runafter.program.targets import targets_of

    targets = targets_of(definition)
    title = Text.assemble(
        (definition.name, "bold"), ("  " + definition.profile, "cyan"), ("  " + definition.file, "dim")
    )
    tree = Tree(title, guide_style="dim")
    if definition.connections:
        branch = tree.add(Text(f"connections ({len(definition.connections)})", style="bold"))
        for connection in definition.connections.values():
            api = (connection.api or "?").rsplit("/", 1)[-1]
            reference = f"  {connection.logical_name}" if connection.logical_name else ""
            branch.add(
                Text.assemble(
                    connection.name, ("  " + api if api != connection.name else "", "cyan"), (reference, "dim")
                )
            )
    found = list(triggers(definition))
    branch = tree.add(Text(f"triggers ({len(found)})", style="bold"))
    for trigger in found:
        branch.add(_line(trigger.name, trigger.type, _kind(trigger), _operation(targets, trigger), ""))
    actions = list(walk_actions(definition))
    branch = tree.add(Text(f"actions ({len(actions)})", style="bold"))
    places: dict[tuple[str, str], Tree] = {}
    for action in actions:
        parent = branch
        if action.parent is not None:
            parent = places[action.parent.pointer, ""]
            if action.branch not in {"", "actions"} or action.parent.type in {"If", "Switch"}:
                key = (action.parent.pointer, action.branch)
                if key not in places:
                    named = {"actions": "then"}.get(action.branch, action.branch.replace("case:", "case "))
                    places[key] = parent.add(Text(named, style="italic"))
                parent = places[key]
        places[action.pointer, ""] = parent.add(
            _line(action.name, action.type, _kind(action), _operation(targets, action), _after(action))
        )
    return tree


def _kind(node: ActionNode) -> Any:
    kind = node.node.get_ci("kind")
    return kind.value if kind is not None else None


def _line(name: str, type_: str, kind: Any, operation: str, after: str) -> Any:
    from rich.text import Text

    return Text.assemble(
        name,
        ("  " + type_ + (f" ({kind})" if isinstance(kind, str) else ""), "green"),
        ("  " + operation if operation else "", "cyan"),
        ("  after " + after if after else "", "dim"),
    )


def _plain(definition: Definition, findings: list[Finding]) -> dict[str, Any]:
    from runafter.definition.structure import triggers, walk_actions
    from runafter.program.targets import targets_of

    targets = targets_of(definition)
    return {
        "name": definition.name,
        "file": definition.file,
        "container": definition.container,
        "profile": definition.profile,
        "kind": definition.workflow_kind,
        "connections": [
            {"name": item.name, "api": item.api, "kind": item.kind, "reference": item.logical_name}
            for item in definition.connections.values()
        ],
        "environmentVariables": [
            {"schemaName": item.schema_name, "displayName": item.display_name, "type": item.type}
            for item in definition.environment_variables.values()
        ],
        "parameters": sorted(definition.parameter_names),
        "triggers": [
            {
                "name": item.name,
                "type": item.type,
                "operation": _operation(targets, item) or None,
                "pointer": item.pointer,
            }
            for item in triggers(definition)
        ],
        "actions": [
            {
                "name": item.name,
                "type": item.type,
                "operation": _operation(targets, item) or None,
                "container": item.parent.name if item.parent else None,
                "branch": item.branch or None,
                "runAfter": {name: list(statuses) for name, statuses in item.run_after.items()},
                "pointer": item.pointer,
                "line": item.node.line,
            }
            for item in walk_actions(definition)
        ],
        "unresolved": list(definition.unresolved),
        "findings": [finding_fields(finding) for finding in findings],
    }
