"""Rules of other packages: found by entry point, and refused by name when they cannot be used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.lint.cases import definition_of

from runafter.lint import run
from runafter.lint.packs import InvalidRulePack, packed_rules
from runafter.lint.run import all_rules, check, pages

RULE = '''
from collections.abc import Iterator

from runafter.lint.finding import Issue
from runafter.lint.flow import Flow
from runafter.lint.rule import Rule


class {name}(Rule):
    """A mail goes out without the signature of the house.

    Why: it is ours.
    """

    code = "{code}"
    family = "governance"

    def check(self, flow: Flow) -> Iterator[Issue]:
        for site, call in flow.calling:
            if call.kind == "send":
                yield self.issue(flow, site.part, f"{{site.name!r}} has no signature", sites=(site,))
'''
MAIL = {
    "type": "OpenApiConnection",
    "inputs": {
        "host": {
            "apiId": "/providers/Microsoft.PowerApps/apis/shared_office365",
            "connectionName": "shared_office365",
            "operationId": "SendEmailV2",
        },
        "parameters": {},
    },
    "runAfter": {},
}
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package of one module with an entry point, as far as the import system can tell."""

    def write(module: str, text: str, *, target: str | None = None) -> None:
        (tmp_path / f"{module}.py").write_text(text, encoding="utf-8")
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[runafter.rules]\n{module} = {target or module}\n", encoding="utf-8")

    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    _forget()
    yield write
    for name in set(sys.modules) - before:
        if name.startswith("house_"):
            del sys.modules[name]
    _forget()


def _forget() -> None:
    run.all_rules.cache_clear()
    run.pages.cache_clear()


def test_a_pack_brings_its_rules_pages_and_codes(install: Install) -> None:
    install("house_rules", RULE.format(name="Signature", code="HSE001"))

    assert "HSE001" in {rule.code for rule in all_rules()}
    assert pages()["HSE001"].title == "A mail goes out without the signature of the house."
    report = check([definition_of({"actions": {"Mail": MAIL}})], select=("HSE",))
    assert [issue.finding.message for issue in report.issues] == ["'Mail' has no signature"]


def test_an_entry_point_may_name_one_rule(install: Install) -> None:
    install("house_one", RULE.format(name="Signature", code="HSE002"), target="house_one:Signature")

    assert [rule.code for rule in packed_rules([])] == ["HSE002"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (RULE.format(name="Signature", code="RAC001"), "uses the code RAC001, which 'runafter' has"),
        (RULE.format(name="Signature", code="X"), "has no code such as ABC001"),
        ("", "holds no rule"),
        ("import nothing_of_this_name", "cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_a_pack_that_cannot_be_used_is_refused_by_name(install: Install, text: str, message: str) -> None:
    install("house_bad", text)

    with pytest.raises(InvalidRulePack, match=message) as caught:
        all_rules()

    assert "'house_bad'" in caught.value.message
    assert caught.value.hint
