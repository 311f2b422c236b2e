"""Write docs/reference/codes.md and profiles.md from the tables themselves: `python -m tools.docs_codes`."""

from __future__ import annotations

from pathlib import Path

from runafter.profiles.load import error_codes, get_profile, profile_names
from runafter.profiles.profile import Fact
from runafter.program.codes import CODES

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
_FAMILIES = {
    "EXP": "Expressions",
    "GRF": "The run-after graph",
    "REF": "References",
    "ACT": "Actions",
    "TRG": "Triggers",
    "VAR": "Variables",
    "LIM": "Limits of the platform",
    "CAT": "Connectors and operations",
    "DEF": "The whole",
}


def codes() -> str:
    """Return the page of finding codes."""
    parts = [
        "# Finding codes\n\nGenerated from `src/runafter/program/codes.py`. A flow with an *error* cannot be built;",
        "a *warning* builds but is most likely not meant; a *note* is good to know. Reading has",
        "[findings of its own](findings-definition.md).\n",
    ]
    for family, title in _FAMILIES.items():
        parts.append(f"## {title}\n\n| Code | Severity | Fault | Meaning | What to do |\n|---|---|---|---|---|")
        parts.extend(
            f"| `{code}` | {info.severity} | {info.title} | {info.meaning} | {info.remedy} |"
            for code, info in CODES.items()
            if code.startswith(family)
        )
        parts.append("")
    parts.append("## Error codes of runs\n\nWhat actions, triggers and runs get, in the platform's spelling.\n")
    parts.append("| Code | Status | Meaning |\n|---|---|---|")
    parts.extend(f"| {name} | {fact.unit} | {fact.value} |" for name, fact in error_codes().items())
    return "\n".join(parts) + "\n"


def profiles() -> str:
    """Return the page of limits and defaults, one column per profile."""
    names = profile_names()
    found = [get_profile(name) for name in names]
    parts = [
        "# Profiles\n\nGenerated from `src/runafter/profiles/data`, where each row has its source and date.",
        "An empty cell: the profile knows no such limit.\n",
    ]
    for title, tables in (
        ("Limits", [profile.limits for profile in found]),
        ("Defaults", [profile.defaults for profile in found]),
    ):
        parts.append(f"## {title}\n\n| Name | Unit | {' | '.join(names)} | Source |")
        parts.append("|---" * (len(names) + 3) + "|")
        for key in dict.fromkeys(name for table in tables for name in table):
            facts = [table.get(key) for table in tables]
            first = next(fact for fact in facts if fact is not None)
            cells = " | ".join(_cell(fact) for fact in facts)
            parts.append(f"| {key} | {first.unit} | {cells} | {first.source}, {first.date} |")
        parts.append("")
    return "\n".join(parts)


def _cell(fact: Fact | None) -> str:
    if fact is None:
        return ""
    if isinstance(fact.value, dict):
        return ", ".join(f"{name} {value}" for name, value in fact.value.items())
    return f"{fact.value:,}" if isinstance(fact.value, int) else str(fact.value)


if __name__ == "__main__":
    for name, page in (("codes.md", codes()), ("profiles.md", profiles())):
        (FOLDER / name).write_text(page, encoding="utf-8")
