"""`runafter rule`: the page of a finding's code."""

from __future__ import annotations

import click

from runafter.cli.output import print_json


@click.command("rule")
@click.argument("code", required=False)
@click.option("--list", "listed", is_flag=True, help="List all codes with their severity and first sentence.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(code: str | None, listed: bool, as_json: bool) -> None:
    """Explain a code: what it is, why it matters, what to do instead, when it is safe."""
    from difflib import get_close_matches

    from runafter.lint.run import pages

    known = pages()
    if listed or code is None:
        if as_json:
            print_json(
                [{"code": p.code, "severity": p.severity, "family": p.family, "title": p.title} for p in known.values()]
            )
            return
        for each in known.values():
            click.echo(f"{each.code}  {each.severity:<7}  {each.title}")
        return
    page = known.get(code.upper())
    if page is None:
        near = get_close_matches(code.upper(), known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else " See 'runafter rule --list'."
        raise click.UsageError(f"No finding has the code {code!r}.{hint}")
    if as_json:
        print_json(
            {"code": page.code, "name": page.name, "severity": page.severity, "family": page.family, "page": page.page}
        )
        return
    click.echo(f"{page.code}  {page.severity}  {page.family}\n\n{page.page}")
