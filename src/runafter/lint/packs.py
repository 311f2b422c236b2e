"""Rules of other packages, behind the entry point group `runafter.rules`.

An entry point names a module or package, whose `Rule` classes are taken (in
packages those of every module in it), or one `Rule` class. A code that is taken
already is refused: two rules under one code could not be told apart.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import re
from collections.abc import Iterable, Iterator
from types import ModuleType

from runafter.errors import EnvironmentFault
from runafter.lint.rule import Rule

ENTRY_POINTS = "runafter.rules"
_CODE = re.compile(r"[A-Z]{2,8}[0-9]{3,4}")


class InvalidRulePack(EnvironmentFault):
    """An installed rule pack cannot be used."""

    code = "CHK002"


def rules_in(module: ModuleType) -> Iterator[Rule]:
    """Yield an instance of every rule that a module defines, and those of the modules below a package."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__:
            yield value()
    for inner in pkgutil.iter_modules(getattr(module, "__path__", ())):
        yield from rules_in(importlib.import_module(f"{module.__name__}.{inner.name}"))


def packed_rules(taken: Iterable[str]) -> list[Rule]:
    """Return the rules of all installed packs; `taken` are the codes that are not free.

    Raises:
        InvalidRulePack: a pack cannot be imported, holds no rule, or a rule of it has no free code.
    """
    owners = dict.fromkeys(taken, "runafter")
    found: list[Rule] = []
    for entry in sorted(importlib.metadata.entry_points(group=ENTRY_POINTS), key=lambda each: (each.name, each.value)):
        rules = _load(entry)
        for rule in rules:
            _refuse_if_unfit(rule, entry.name, owners)
            owners[rule.code] = entry.name
        found += rules
    return found


def _load(entry: importlib.metadata.EntryPoint) -> list[Rule]:
    try:
        value = entry.load()
        rules = list(rules_in(value)) if isinstance(value, ModuleType) else _one(value)
    except InvalidRulePack:
        raise
    except Exception as fault:
        raise InvalidRulePack(
            f"the rule pack {entry.name!r} ({entry.value}) cannot be loaded: {type(fault).__name__}: {fault}",
            hint="Repair or remove the package that brings it.",
        ) from fault
    if not rules:
        raise InvalidRulePack(
            f"the rule pack {entry.name!r} ({entry.value}) holds no rule",
            hint="Name a module with classes derived from runafter.lint.rule.Rule, or one such class.",
        )
    return rules


def _one(value: object) -> list[Rule]:
    return [value()] if isinstance(value, type) and issubclass(value, Rule) else []


def _refuse_if_unfit(rule: Rule, pack: str, owners: dict[str, str]) -> None:
    code = getattr(rule, "code", "")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise InvalidRulePack(
            f"rule {type(rule).__name__} of the pack {pack!r} has no code such as ABC001",
            hint="Set `code` on the class.",
        )
    if code in owners:
        raise InvalidRulePack(
            f"rule {type(rule).__name__} of the pack {pack!r} uses the code {code}, which {owners[code]!r} has",
            hint="Give it a code of the pack's own.",
        )
    if not isinstance(getattr(rule, "family", None), str) or not (type(rule).__doc__ or "").strip():
        raise InvalidRulePack(
            f"rule {code} of the pack {pack!r} lacks `family` or a docstring", hint="The docstring is the rule's page."
        )
