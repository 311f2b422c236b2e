"""`runafter rule`: the page of a finding's code, and what an error's code means."""

from __future__ import annotations

import json
from importlib.resources import files

import click

from runafter.cli.output import print_json


def _errors() -> dict[str, tuple[str, str]]:
    """Return (meaning, hint) by code of the errors that commands end with; `…` stands for a name or value."""
    text = (files("runafter.cli") / "error_codes.json").read_text(encoding="utf-8")
    return {code: (meaning, hint) for code, (meaning, hint) in json.loads(text).items()}


@click.command("rule")
@click.argument("code", required=False)
@click.option("--list", "listed", is_flag=True, help="List all codes with their severity and first sentence.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(code: str | None, listed: bool, as_json: bool) -> None:
    """Explain the code of a finding or an error: what it is, why, what to do instead, when it is safe.

    The beginning of a code, such as RAC, lists all that begin so.
    """
    from difflib import get_close_matches

    from runafter.lint.report import RulePage
    from runafter.lint.run import pages

    known = dict(pages())
    for each, (meaning, instead) in _errors().items():
        text = f"{meaning}\n\nInstead: {instead}" if instead else meaning
        known[each] = RulePage(code=each, name="", severity="error", family="errors", title=meaning, page=text)
    known = dict(sorted(known.items()))
    wished = (code or "").upper()
    if listed or code is None or (wished not in known and any(each.startswith(wished) for each in known)):
        rows = [page for each, page in known.items() if each.startswith(wished)]
        if as_json:
            print_json([{"code": p.code, "severity": p.severity, "family": p.family, "title": p.title} for p in rows])
            return
        for page in rows:
            click.echo(f"{page.code}  {page.severity:<7}  {page.title}")
        return
    found = known.get(wished)
    if found is None:
        near = get_close_matches(wished, known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else " See 'runafter rule --list'."
        raise click.UsageError(f"No finding and no error has the code {code!r}.{hint}")
    if as_json:
        print_json(
            {
                "code": found.code,
                "name": found.name,
                "severity": found.severity,
                "family": found.family,
                "page": found.page,
            }
        )
        return
    click.echo(f"{found.code}  {found.severity}  {found.family}\n\n{found.page}")
