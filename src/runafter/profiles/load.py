"""Profiles by name, read once from the data files beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from runafter.profiles.profile import Fact, Profile

_FILES = ("power_automate", "logicapps_consumption", "logicapps_standard")
_ALIASES = {
    "pa": "power-automate",
    "pa-medium": "power-automate",
    "pa-high": "power-automate",
    "pa-low": "power-automate-low",
    "power-automate-medium": "power-automate",
    "power-automate-high": "power-automate",
    "logicapps": "logic-apps-consumption",
    "logic-apps": "logic-apps-consumption",
    "consumption": "logic-apps-consumption",
    "standard": "logic-apps-standard",
    "stateless": "logic-apps-stateless",
}


def get_profile(name: str) -> Profile:
    """Return the profile of this name; letter case and the short names `pa`, `pa-low`, `logicapps`, ... are understood.

    Raises:
        ValueError: no such profile; the message lists them.
    """
    key = name.strip().casefold().replace("_", "-")
    key = _ALIASES.get(key, key)
    profile = _profiles().get(key)
    if profile is None:
        raise ValueError(f"no profile named {name!r}; there are: {', '.join(profile_names())}")
    return profile


def profile_names() -> tuple[str, ...]:
    """Return the full names of all profiles, variants after the dialect they vary."""
    return tuple(_profiles())


@cache
def error_codes() -> Mapping[str, Fact]:
    """Return the codes that the engine gives, each with its meaning as `value` and its status as `unit`."""
    data = _read("error_codes")
    return MappingProxyType(
        {
            code: Fact(name=code, value=row["meaning"], unit=row["status"], **_source(data, row["source"]))
            for code, row in data["codes"].items()
        }
    )


@cache
def _profiles() -> Mapping[str, Profile]:
    found: dict[str, Profile] = {}
    for file in _FILES:
        data = _read(file)
        base = _profile(data, data["name"], data["title"], data, None)
        found[base.name] = base
        for name, variant in data.get("variants", {}).items():
            found[name] = _profile(data, name, variant["title"], variant, base)
    return MappingProxyType(found)


def _profile(data: dict[str, Any], name: str, title: str, rows: dict[str, Any], base: Profile | None) -> Profile:
    limits = dict(base.limits) if base else {}
    defaults = dict(base.defaults) if base else {}
    limits.update(_facts(data, rows.get("limits", {})))
    defaults.update(_facts(data, rows.get("defaults", {})))
    return Profile(name=name, title=title, limits=MappingProxyType(limits), defaults=MappingProxyType(defaults))


def _facts(data: dict[str, Any], rows: dict[str, Any]) -> dict[str, Fact]:
    return {
        name: Fact(name=name, value=row["value"], unit=row["unit"], **_source(data, row["source"]))
        for name, row in rows.items()
    }


def _source(data: dict[str, Any], key: str) -> dict[str, str]:
    source = data["sources"][key]
    return {"source": source["text"], "date": source["date"]}


def _read(name: str) -> dict[str, Any]:
    text = files("runafter.profiles").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
