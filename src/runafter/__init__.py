"""Runafter: run, check, harden, test and watch Power Automate and Logic Apps flows.

The names below are the public API; everything else may move. They are loaded
on first use, so that `import runafter` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runafter.errors import Finding, InvalidDefinition, RunafterError
    from runafter.local.read import read
    from runafter.program.build import build, problems

__version__ = "0.1.0"

_HOMES = {
    "Finding": "runafter.errors",
    "InvalidDefinition": "runafter.errors",
    "RunafterError": "runafter.errors",
    "build": "runafter.program.build",
    "problems": "runafter.program.build",
    "read": "runafter.local.read",
}

__all__ = ["Finding", "InvalidDefinition", "RunafterError", "__version__", "build", "problems", "read"]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'runafter' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
