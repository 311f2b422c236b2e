"""`runafter demo`: the sample flows, on their emulated tenant."""

from __future__ import annotations

import shutil
from pathlib import Path

import click


@click.command("demo")
@click.argument("name", required=False)
@click.option("--error", metavar="PATH", help="Take an error path of the sample.")
@click.option("--fragile", is_flag=True, help="Run the twin that is built as most flows are.")
@click.option(
    "--watch",
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    default=None,
    help="Play it on the terminal in this time.",
)
@click.option("--seed", type=int, default=None, help="Seed of the virtual clock's chance. Default 0.")
@click.option(
    "--copy", "target", metavar="DIR", type=click.Path(path_type=Path), help="Copy the sample to DIR instead."
)
@click.pass_context
def command(
    context: click.Context,
    name: str | None,
    error: str | None,
    fragile: bool,
    watch: float | None,
    seed: int | None,
    target: Path | None,
) -> None:
    """Run the sample flow NAME offline, on a virtual clock and its emulated tenant; without NAME list them.

    An error path makes the services fail as its file in the sample says. Exit code 0
    only if the run Succeeded: error paths that the flow cannot put right end Failed.
    """
    from runafter.cli.commands.run import command as run
    from runafter.local.samples import faults_of, samples

    known = samples()
    if name is None:
        _list(known)
        return
    if name not in known:
        raise click.BadParameter(f"no sample {name!r}; there are {', '.join(known)}.", param_hint="NAME")
    folder = known[name]
    errors = faults_of(folder)
    if error is not None and error not in errors:
        raise click.BadParameter(f"no error path {error!r}; there are {', '.join(errors)}.", param_hint="--error")
    if target is not None:
        if target.exists():
            raise click.BadParameter(f"{str(target)!r} exists.", param_hint="--copy")
        shutil.copytree(folder, target)
        click.echo(f"Copied. Next:\n  runafter run {target} --virtual\n  runafter check {target}")
        return
    context.invoke(
        run,
        path=str(folder / "fragile" if fragile else folder),
        virtual=True,
        tenant=str(folder / "tenant.yaml"),
        trigger=f"@{folder / 'trigger.json'}",
        faults=() if error is None else (str(folder / "faults" / f"{error}.yaml"),),
        tenant_profile="documented",
        variables="racy" if fragile else "atomic",
        watch=watch,
        seed=seed,
    )


def _list(known: dict[str, Path]) -> None:
    from runafter.local.samples import faults_of, purpose_of

    for name, folder in known.items():
        click.echo(click.style(name, bold=True))
        click.echo(click.wrap_text(purpose_of(folder), 100, "  ", "  "))
        for error, what in faults_of(folder).items():
            click.echo(click.wrap_text(what, 100, f"    --error {error:<28} ", " " * 41))
    click.echo(
        "\nrunafter demo NAME runs one, --fragile its twin, --watch 8 at a pace to look at, --copy DIR makes it yours."
    )
