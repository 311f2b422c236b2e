"""The option `--profile` of the commands that read flows or expressions."""

from __future__ import annotations

import click

DIALECTS = ("power-automate", "logic-apps-consumption", "logic-apps-standard")


def known_profile(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return a profile's full name, given in any spelling that `get_profile` takes.

    Raises:
        click.BadParameter: no such profile; the message lists them.
    """
    if value is None:
        return None
    from runafter.profiles.load import get_profile, profile_names

    try:
        return get_profile(value).name
    except ValueError:
        raise click.BadParameter(f"no profile named {value!r}; there are {', '.join(profile_names())}") from None
