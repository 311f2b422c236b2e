"""`runafter eval`: evaluate an expression or a whole JSON template."""

from __future__ import annotations

import sys
from typing import Any

import click

from runafter.cli.dialect import DIALECTS
from runafter.cli.output import console, json_option, print_json


@click.command(
    "eval",
    epilog="Examples: runafter eval \"@concat('a', 'b')\"   "
    "runafter eval \"@item()?['id']\" --item '{\"id\": 7}'   "
    "runafter eval \"@formatDateTime(utcNow(), 'yyyy')\" --now 2026-03-29T01:30:00Z",
)
@click.argument("expression")
@click.option("--item", metavar="JSON", help="What item() and items() return; @FILE reads a file.")
@click.option("--variables", metavar="JSON", help="An object of variables; @FILE reads a file.")
@click.option("--parameters", metavar="JSON", help="An object of parameters; @FILE reads a file.")
@click.option("--outputs", metavar="JSON", help="An object: action name to its outputs; @FILE reads a file.")
@click.option(
    "--trigger",
    metavar="JSON",
    help='The trigger\'s body, or its outputs: {"body": ..., "headers": ...}; @FILE reads a file.',
)
@click.option("--now", metavar="ISO", help="The time that utcNow() returns; the present by default.")
@click.option(
    "--profile", type=click.Choice(DIALECTS), default=DIALECTS[0], show_default=True, help="Dialect of the expression."
)
@click.option("--explain", is_flag=True, help="Show the value of every part.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, also for errors.")
def command(
    expression: str,
    item: str | None,
    variables: str | None,
    parameters: str | None,
    outputs: str | None,
    trigger: str | None,
    now: str | None,
    profile: str,
    explain: bool,
    as_json: bool,
) -> None:
    """Evaluate EXPRESSION: '@concat(...)', text with '@{...}' parts, or JSON that holds them.

    A leading '@' may be left out when the text is one function call. `-` reads
    standard input.
    """
    from runafter.errors import ExpressionError
    from runafter.expressions.evaluate import evaluate, scope_for
    from runafter.local.triggers import outputs_of

    given: dict[str, Any] = {
        "variables": _object_option(variables, "--variables"),
        "parameters": _object_option(parameters, "--parameters"),
        "outputs": _object_option(outputs, "--outputs"),
        "trigger": None if trigger is None else outputs_of(json_option(trigger, "--trigger")),
        "now": now or _present(),
    }
    if item is not None:
        given["item"] = json_option(item, "--item")
    _check_now(given["now"])
    template = _template(sys.stdin.read().rstrip("\r\n") if expression == "-" else expression)
    try:
        if explain:
            _explain(template, scope_for(**given), as_json=as_json)
        value = evaluate(template, profile=profile, **given)
    except ExpressionError as fault:
        if as_json:
            print_json(
                {
                    "error": {
                        "code": fault.code,
                        "message": fault.message,
                        "hint": fault.hint,
                        "start": fault.start,
                        "end": fault.end,
                    }
                }
            )
        else:
            click.echo(f"error {fault.code}: {fault.message}", err=True)
            if fault.text:
                click.echo("\n".join(f"  {line}" for line in fault.caret().splitlines()), err=True)
            if fault.hint:
                click.echo(f"  hint: {fault.hint}", err=True)
        raise click.exceptions.Exit(1) from fault
    print_json(value)


def _object_option(text: str | None, name: str) -> Any:
    value = json_option(text, name)
    if text is not None and not isinstance(value, dict):
        raise click.BadParameter("an object of names and values is needed, such as '{\"name\": 1}'", param_hint=name)
    return value


def _check_now(text: str) -> None:
    from datetime import datetime

    try:
        datetime.fromisoformat(text)
    except ValueError as fault:
        raise click.BadParameter(
            f"{text!r} is no ISO timestamp such as 2026-03-29T01:30:00Z", param_hint="--now"
        ) from fault


def _template(text: str) -> Any:
    import json
    import re

    stripped = text.strip()
    if stripped[:1] in {"{", "["} and not stripped.startswith("{{"):
        try:
            return json.loads(stripped)
        except json.JSONDecodeError:
            return text
    if "@" not in text and re.match(r"[A-Za-z]\w*\s*\(", stripped):
        return "@" + stripped
    return text


def _present() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _explain(template: Any, scope: Any, *, as_json: bool) -> None:
    import json

    from runafter.expressions.explain import explain

    steps = explain(template, scope)
    if as_json:
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("part", no_wrap=True)
    table.add_column("value")
    for step in steps:
        shown = f"! {step.error}" if step.error else json.dumps(step.value, ensure_ascii=False, default=str)
        table.add_row(step.text, shown)
    console(stderr=True).print(table)
