"""Groups of commands whose help gives the whole first sentence of each, not what fits a line."""

from __future__ import annotations

import click


class Group(click.Group):
    """A group as click makes it, but for its list of commands."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(10_000)) for name, each in found if each is not None])
