"""Write docs/reference/commands.md from the commands themselves: `python -m tools.docs_commands`."""

from __future__ import annotations

from pathlib import Path

import click

from runafter.cli.main import COMMANDS, cli

TARGET = Path(__file__).resolve().parent.parent / "docs" / "reference" / "commands.md"


def render() -> str:
    """Return the page: every command with its options as `--help` prints them."""
    head = (
        "Generated from the commands themselves. Exit codes: 0 clean, 1 problems found or a run that did not succeed,"
    )
    parts = [f"# Commands\n\n{head} 2 usage or unreadable input.\n"]
    context = click.Context(
        cli, info_name="runafter", terminal_width=100, max_content_width=100, help_option_names=["-h", "--help"]
    )
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if command is None:
            raise LookupError(name)
        parts.extend(_page(command, context, name, "##"))
    return "\n".join(parts)


def _page(command: click.Command, parent: click.Context, name: str, heading: str) -> list[str]:
    context = click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)
    text = command.get_help(context).replace("\b", "")
    pages = [f"{heading} `{context.command_path}`\n\n```\n{text}\n```\n"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                pages.extend(_page(found, context, inner, heading + "#"))
    return pages


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(render(), encoding="utf-8")
    click.echo(f"wrote {TARGET.name}")
