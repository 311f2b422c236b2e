"""The pages of the rules are what the rules say."""

from __future__ import annotations

from tools import docs_rules

from runafter.lint.run import all_rules, pages
from runafter.program.codes import CODES


def test_the_pages_are_current() -> None:
    written = {path.name: path.read_text(encoding="utf-8") for path in docs_rules.FOLDER.glob("*.md")}

    assert written == docs_rules.render(), "run: python -m tools.docs_rules"


def test_every_code_that_check_can_give_has_a_page() -> None:
    known = pages()

    assert {rule.code for rule in all_rules()} | set(CODES) == set(known)
    assert all(page.title and page.page and page.family for page in known.values())
