"""What `check` writes for people and for other programs. Each format is a function from a report to text."""

from __future__ import annotations

from collections.abc import Callable

from runafter.lint.formats import interchange, logging_commands, sarif, text
from runafter.lint.report import Report

FORMATS: dict[str, Callable[[Report], str]] = {
    "human": text.human,
    "json": interchange.as_json,
    "sarif": sarif.sarif,
    "junit": interchange.junit,
    "github": logging_commands.github,
    "gitlab": interchange.gitlab,
    "azdo": logging_commands.azure_devops,
    "markdown": text.markdown,
}
