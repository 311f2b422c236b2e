"""What lies beside a flow's file: a tenant to run on, a trigger, connections, what its owner wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runafter.definition.nodes import Definition
    from runafter.project.connections import ConnectionSetting
    from runafter.project.project import Sidecar
    from runafter.tenant.tenant import Tenant

_FLOW_FILES = ("flow.json", "workflow.json", "definition.json")


@dataclass(frozen=True, slots=True)
class Beside:
    """A flow's folder, and the one above it that flows share: a sample's, or a project's. None for standard input."""

    folders: tuple[Path, ...] = ()

    def file(self, name: str) -> Path | None:
        """Return the nearest file of this name."""
        return next((folder / name for folder in self.folders if (folder / name).is_file()), None)

    def sidecar(self) -> Sidecar:
        from runafter.project.project import Sidecar, read_sidecar

        return read_sidecar(self.folders[0] / "flow.toml") if self.folders else Sidecar()

    def connections(self) -> dict[str, ConnectionSetting]:
        """Return what connections.toml says, secrets read."""
        import os

        from runafter.project.connections import connections_in

        file = self.file("connections.toml")
        return {} if file is None else connections_in(file, environ=os.environ)


def beside(path: str, definition: Definition) -> Beside:
    """Return what lies beside the flow that was read from `path`."""
    if path == "-":
        return Beside()
    place = Path(path)
    if place.is_dir():
        file = Path(definition.file)
        found = next((each for each in (file, place / file) if each.is_file()), None)
        home = found.parent if found is not None else place
    else:
        home = place.parent
    above = home.resolve().parents
    if len(above) > 1 and (above[1] / "runafter.toml").is_file():
        return Beside((home, above[1]))
    return Beside((home, above[0]) if above and (above[0] / "tenant.yaml").is_file() else (home,))


def shown(path: Path) -> str:
    """Return a path as somebody in the working folder would write it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else str(path)


def main_flow(path: str, definitions: Sequence[Definition]) -> Definition | None:
    """Return the flow whose file stands directly in the folder PATH, where there is one."""
    place = Path(path)
    if path == "-" or not place.is_dir():
        return None
    own = next((place / name for name in _FLOW_FILES if (place / name).is_file()), None)
    if own is None:
        return None
    found = [each for each in definitions if Path(each.file) in (own, Path(own.name))]
    return found[0] if len(found) == 1 else None


def open_beside(
    near: Beside,
    *,
    seed_file: str | None,
    leave_out: bool,
    mocked: bool,
    emulates: bool,
    faults: Sequence[str],
    profile: str | None,
    state: str | None,
    seed: int,
) -> Tenant | None:
    """Return the tenant to run on: the one asked for, or the flow's own where nothing else answers its calls.

    Raises:
        click.UsageError: options for a tenant, and no tenant.
    """
    from runafter.local.tenant import open_tenant, read_faults

    found = None if leave_out or mocked else near.file("tenant.yaml")
    source = Path(seed_file) if seed_file is not None else found
    if source is None and state is None and not (emulates and not leave_out and not mocked):
        if faults or profile is not None:
            raise click.UsageError("--faults and --tenant-profile need a tenant: give --tenant FILE.")
        return None
    if seed_file is None and found is not None:
        click.echo(f"On the emulated tenant of {shown(found)} (--no-tenant leaves it out).", err=True)
    rules: list[Any] = []
    try:
        for given in faults:
            rules += read_faults(Path(given)) if Path(given).is_file() else [given]
        tenant = open_tenant(source, faults=rules, profile=profile, seed=seed, state=state)
    except OSError as fault:
        raise click.UsageError(f"cannot read {fault.filename}: {fault.strerror}") from fault
    click.get_current_context().call_on_close(tenant.state.close)
    return tenant
