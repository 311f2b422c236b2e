"""Where `check` finds its settings: `runafter.toml` above the flows, `flow.toml` beside each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runafter.lint.settings import InvalidSettings, Settings, read_settings, read_waivers

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition
    from runafter.lint.waivers import Waiver

NAME = "runafter.toml"


def find_settings(paths: Sequence[str]) -> Path | None:
    """Return the nearest `runafter.toml` at or above what is checked; for standard input, where the command runs."""
    first = next((path for path in paths if path != "-"), ".")
    place = Path(first).resolve()
    for folder in (place, *place.parents) if place.is_dir() else place.parents:
        if (folder / NAME).is_file():
            return folder / NAME
    return None


def load_settings(file: Path, known: Iterable[str]) -> Settings:
    """Return the `[check]` table of a settings file; empty settings where it has none.

    Raises:
        InvalidSettings: no TOML, or a field is wrong.
    """
    table = _toml(file).get("check", {})
    if not isinstance(table, dict):
        raise InvalidSettings("'check' is a table", file=str(file))
    return read_settings(table, known, file=_shown(file))


def waivers_beside(definitions: Iterable[Definition], paths: Sequence[str], known: Iterable[str]) -> list[Waiver]:
    """Return the `[[waive]]` tables of the `flow.toml` beside each flow that was read.

    Raises:
        InvalidSettings: no TOML, or a field is wrong.
    """
    codes = tuple(known)
    found: list[Waiver] = []
    seen: set[Path] = set()
    for definition in definitions:
        home = _home(definition.file, paths)
        if home is None or home in seen or not (home / "flow.toml").is_file():
            continue
        seen.add(home)
        rows = _toml(home / "flow.toml").get("waive", [])
        pattern = Path(definition.file).parent.as_posix()
        found += read_waivers(
            rows, codes, file=_shown(home / "flow.toml"), path=definition.file if pattern == "." else pattern
        )
    return found


def _home(file: str, paths: Sequence[str]) -> Path | None:
    """Return the folder of a flow's file, which is named as it was given or below one of the folders given."""
    for place in (Path(file), *(Path(path) / file for path in paths)):
        if file and place.is_file():
            return place.parent
    return None


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as fault:
        raise InvalidSettings(
            f"the file cannot be read: {getattr(fault, 'strerror', None) or fault}", file=_shown(file)
        ) from fault
    except tomllib.TOMLDecodeError as fault:
        raise InvalidSettings(f"the file is no TOML: {fault}", file=_shown(file)) from fault


def _shown(file: Path) -> str:
    """Return a path as one would type it here."""
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return file.as_posix()
