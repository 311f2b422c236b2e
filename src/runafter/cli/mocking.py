"""The files of --mock, read into one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def read_mocks(sources: Sequence[str]) -> tuple[Any, bool]:
    """Return (mocks, whether to infer the rest); later files win.

    Raises:
        click.BadParameter: a file cannot be read or holds no mocks.
    """
    from runafter.local.mocks import MockError, load

    auto = "auto" in sources
    merged: dict[str, Any] = {}
    for source in sources:
        if source == "auto":
            continue
        data = _yaml(source)
        data = data.get("given", data) if isinstance(data, dict) else data
        if not isinstance(data, dict):
            raise click.BadParameter(f"{source}: a mock file is a mapping", param_hint="--mock")
        for key, value in data.items():
            merged[key] = (
                {**merged[key], **value} if isinstance(merged.get(key), dict) and isinstance(value, dict) else value
            )
    try:
        return load(merged, file=", ".join(source for source in sources if source != "auto") or "<mocks>"), auto
    except MockError as fault:
        raise click.BadParameter(str(fault), param_hint="--mock") from fault


def _yaml(path: str) -> Any:
    import yaml

    try:
        with open(path, encoding="utf-8-sig") as file:  # noqa: PTH123
            return yaml.safe_load(file) or {}
    except OSError as fault:
        raise click.BadParameter(f"cannot read {path!r}: {fault.strerror}", param_hint="--mock") from fault
    except yaml.YAMLError as fault:
        raise click.BadParameter(f"{path}: no YAML: {fault}", param_hint="--mock") from fault
