"""What stands behind the connections of a served project: taken over at the start and with each change of its files."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from runafter.errors import InvalidDefinition
from runafter.local.connected import Connected, connect_tenant
from runafter.local.outside import LocalOutside
from runafter.program.build import build
from runafter.program.steps import CallStep
from runafter.project.connections import ConnectionSetting, connections_in
from runafter.project.project import InvalidProject, ProjectFlow
from runafter.tenant.tenant import Tenant

_log = logging.getLogger("runafter.server")
FILE = "connections.toml"


def connection_files(path: Path) -> list[Path]:
    """Return the files that count for a project: in its folder, and in those of its flows."""
    root = path if path.is_dir() else path.parent
    own = [root / FILE] if (root / FILE).is_file() else []
    return own + (sorted({*root.glob(f"*/{FILE}"), *root.glob(f"flows/*/{FILE}")}) if path.is_dir() else [])


def project_connections(path: Path, *, environ: Mapping[str, str]) -> dict[str, ConnectionSetting]:
    """Return the settings by connection reference, from all files of the project.

    Raises:
        InvalidProject: a file is wrong, a secret is missing, or two files say different things of one reference.
    """
    found: dict[str, ConnectionSetting] = {}
    for file in connection_files(path):
        for name, setting in connections_in(file, environ=environ).items():
            known = next((each for each in found.values() if each.name.casefold() == name.casefold()), None)
            if known is not None and not known.says_the_same(setting):
                raise InvalidProject(
                    f"connection {name!r}: {known.file}:{known.line} says otherwise",
                    file=setting.file,
                    line=setting.line,
                    column=1,
                    hint="A served project has one setting for each reference; keep one of the two.",
                )
            found.setdefault(name if known is None else known.name, setting)
    return found


class ServedConnections:
    """Lets an outside's calls go where the settings say; emulated ones tell the tenant who stands behind them."""

    def __init__(self, outside: LocalOutside) -> None:
        self._outside = outside
        self._tenant = outside.tenant if isinstance(outside.tenant, Tenant) else None
        self._seeded = dict(self._tenant.connections) if self._tenant is not None else {}

    async def take_over(self, settings: Mapping[str, ConnectionSetting]) -> None:
        """Use these settings from the next call on; calls under way end as they began."""
        if self._tenant is not None:
            self._tenant.connections.clear()
            self._tenant.connections.update(self._seeded)
            connect_tenant(self._tenant, settings)
        replaced, self._outside.live = self._outside.live, Connected(settings, is_real=True)
        if replaced is not None:
            await replaced.retire()


def tell_unused(settings: Mapping[str, ConnectionSetting], flows: Iterable[ProjectFlow]) -> None:
    """Warn of settings for references that no flow has: a misspelt one would leave its connection emulated."""
    used: set[str] = set()
    for flow in flows:
        try:
            program = build(flow.definition)
        except InvalidDefinition:
            return
        targets = [step.target for step in program.steps.values() if isinstance(step, CallStep)]
        targets += [trigger.target for trigger in program.triggers.values() if trigger.target is not None]
        used |= {str(target.connection).casefold() for target in targets if target.connection is not None}
    for setting in settings.values():
        if setting.name.casefold() not in used:
            _log.warning("%s:%s: no flow has a connection %r", setting.file, setting.line, setting.name)
