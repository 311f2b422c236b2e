"""A dialect: its defaults and limits as data, each with source and date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One number or choice of the platform that Microsoft may change."""

    name: str
    value: Any
    unit: str = ""
    source: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`power-automate`, `logic-apps-consumption` or `logic-apps-standard`.

    `limits` (e.g. `actions`, `nesting`, `expression_chars`, `foreach_items`) and
    `defaults` (e.g. `foreach_concurrency`, `until_count`, `retry`) hold facts by name.
    """

    name: str
    title: str
    limits: Mapping[str, Fact]
    defaults: Mapping[str, Fact]

    def limit(self, name: str) -> Any:
        return self.limits[name].value

    def default(self, name: str) -> Any:
        return self.defaults[name].value
