"""Write one page for each rule, and a list of all of them, from the rules' own docstrings and cases.

python -m tools.docs_rules          # write docs/reference/rules
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from runafter.lint.run import own_rules

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference" / "rules"
CASES = ROOT / "tests" / "cases" / "lint"

_FAMILIES = {
    "trigger": "Triggers",
    "validation": "Validation",
    "retry": "Retries",
    "timeout": "Time limits",
    "errors": "Error handling",
    "races": "Races",
    "locks": "Locks",
    "loops": "Loops",
    "structure": "Structure",
    "expressions": "Expressions",
    "security": "Security",
    "limits": "Limits and quota",
    "naming": "Naming",
    "governance": "Governance",
    "monitoring": "Monitoring",
}


def render() -> dict[str, str]:
    """Return the text of every page by file name."""
    pages = {f"{rule.code}.md": _page(rule.code) for rule in own_rules()}
    pages["README.md"] = _list()
    return pages


def _page(code: str) -> str:
    rule = next(each for each in own_rules() if each.code == code)
    page = rule.page()
    body = re.sub(
        r"^(Why|Instead|Safe when|Source): ", r"**\1.** ", page.page.split("\n", 1)[1].strip(), flags=re.MULTILINE
    )
    body = re.sub(r"\n(?=\*\*)", "\n\n", body)
    cases = yaml.safe_load((CASES / f"{rule.name}.yaml").read_text(encoding="utf-8"))
    fixable = " A fix is at hand." if any(case.get("fix") for case in cases["fail"]) else ""
    return "\n".join(
        [
            f"# `{rule.code}` {page.title}",
            "",
            f"`{rule.name}`, {rule.severity}, {_FAMILIES[rule.family].lower()}.{fixable}",
            "",
            body,
            "",
            f"## Found: {cases['fail'][0]['name']}",
            "",
            _example(cases["fail"][0]),
            "",
            f"## Not found: {cases['pass'][0]['name']}",
            "",
            _example(cases["pass"][0]),
            "",
        ]
    )


def _example(case: dict[str, Any]) -> str:
    shown = {key: case[key] for key in ("profile", "triggers", "actions") if key in case}
    text = json.dumps(shown, indent=2, ensure_ascii=False)
    lines = text.splitlines()
    if len(lines) > 80:
        lines = [*lines[:60], "  ..."]
    return "\n".join(["```json", *lines, "```"])


def _list() -> str:
    lines = [
        "# Rules",
        "",
        "What `runafter check` finds beside what building a flow finds (see [codes](../codes.md)). Each page says why,",
        "what to do instead, when the pattern is safe, and where the knowledge comes from; `runafter rule CODE` prints it.",
        "[By what they guard](../rule-codes.md), [beside other checkers](../other-checkers.md), [what they find in real",
        "flows](../corpus-checks.md).",
        "",
        "Severities are honest: `error` cannot work or will go wrong under load, `warning` goes wrong some day, `note` is what",
        "a reader should know; [settings](../../howto/check-in-ci.md#settings) change them. Accept a finding in the flow",
        "itself, with a reason and, if wished, an end ([other places](../../howto/check-in-ci.md#waivers)):",
        "",
        "```json",
        '"metadata": {"runafter": {"waive": [{"code": "RTY003", "reason": "the list has a unique key", "expires": "2027-06-30"}]}}',
        "```",
        "",
    ]
    for family, title in _FAMILIES.items():
        rules = [rule for rule in own_rules() if rule.family == family]
        if not rules:
            continue
        lines += [f"## {title}", "", "| Code | Severity | Pattern |", "|---|---|---|"]
        lines += [f"| [`{rule.code}`]({rule.code}.md) | {rule.severity} | {rule.page().title} |" for rule in rules]
        lines.append("")
    return "\n".join(lines)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    pages = render()
    for old in FOLDER.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
