"""Runafter: run, check, harden, test and watch Power Automate and Logic Apps flows.

The names below are the public API; everything else may move. They are loaded
on first use, so that `import runafter` stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runafter.definition.nodes import Definition
    from runafter.errors import ExpressionError, Finding, InvalidDefinition, RunafterError, UnreadableSource
    from runafter.expressions.evaluate import evaluate
    from runafter.local.read import read
    from runafter.local.run import RunResult, run, run_async
    from runafter.program.build import build, problems
    from runafter.program.steps import Program

__version__ = "0.1.0"

_HOMES = {
    "Definition": "runafter.definition.nodes",
    "ExpressionError": "runafter.errors",
    "Finding": "runafter.errors",
    "InvalidDefinition": "runafter.errors",
    "Program": "runafter.program.steps",
    "RunResult": "runafter.local.run",
    "RunafterError": "runafter.errors",
    "UnreadableSource": "runafter.errors",
    "build": "runafter.program.build",
    "evaluate": "runafter.expressions.evaluate",
    "problems": "runafter.program.build",
    "read": "runafter.local.read",
    "run": "runafter.local.run",
    "run_async": "runafter.local.run",
}

__all__ = [
    "Definition",
    "ExpressionError",
    "Finding",
    "InvalidDefinition",
    "Program",
    "RunResult",
    "RunafterError",
    "UnreadableSource",
    "__version__",
    "build",
    "evaluate",
    "problems",
    "read",
    "run",
    "run_async",
]


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
