"""What a manifest claims to have been seen was seen: the calls of Microsoft's own client, or nothing is claimed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.connector_client import calls, folder, normal

from runafter.connectors.check import pack_findings
from runafter.connectors.manifest import InvalidManifest, read_manifest
from runafter.connectors.registry import FolderPack, built_in_packs
from runafter.connectors.sources import NAMED, UNVERIFIED, is_source

PAGES = Path(__file__).parents[2] / "docs/reference/connectors"


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.manifest.name)
def test_operations_that_the_client_is_said_to_have_are_there(pack: FolderPack) -> None:
    if folder() is None:
        pytest.skip("azure-connectors is not installed")
    known = {(call.verb, normal(call.path)) for call in calls(pack.manifest.name)}
    claimed = [
        operation for operation in pack.manifest.operations.values() if operation.facts.source == NAMED["client"]
    ]

    missing = [o.id for o in claimed if not any((verb, normal(path)) in known for verb, path in o.routes)]

    assert missing == []


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.manifest.name)
def test_what_nobody_looked_up_is_called_not_verified_on_its_page(pack: FolderPack) -> None:
    manifest = pack.manifest
    facts = [operation.facts.source for operation in manifest.operations.values()]
    facts += [throttle.source for throttle in manifest.throttles]
    own = 1 if manifest.source == UNVERIFIED else 0

    text = (PAGES / f"{manifest.name}.md").read_text(encoding="utf-8").lower()

    assert text.count("**not verified**") == facts.count(UNVERIFIED) + own


@pytest.mark.parametrize(
    ("text", "read", "accepted"),
    [
        ("learn.microsoft.com/connectors/sql, read 2026-11-21", "", True),
        ("learn.microsoft.com/connectors/sql", "2026-11-21", True),
        (UNVERIFIED, "", True),
        ("the connector's own definition, version 1", "", True),
        ("learn.microsoft.com/connectors/sql", "", False),
        ("", "2026-11-21", False),
        ("", "", False),
    ],
)
def test_a_source_has_its_day_or_says_that_nobody_looked(text: str, read: str, accepted: bool) -> None:
    assert is_source(text, read) is accepted


def _manifest(source: str) -> str:
    return f'name = "x"\ntitle = "X"\napis = ["x"]\nsource = "{source}"\n[[operation]]\nid = "Do"\npath = "GET /do"\n'


def test_short_names_are_spelled_out() -> None:
    (operation,) = read_manifest(_manifest("unverified"), origin="x").operations.values()

    assert operation.facts.source == UNVERIFIED


def test_the_validator_refuses_a_source_without_a_day() -> None:
    class Pack:
        manifest = read_manifest(_manifest("somewhere"), origin="x")

        def emulated(self, operation: str) -> object:
            return object()

    messages = [finding.message for finding in pack_findings(Pack())]

    assert messages == ["pack 'x': operation 'Do' names no source with a date, nor says that it is not verified"]


def test_a_limit_without_a_source_is_refused() -> None:
    with pytest.raises(InvalidManifest):
        read_manifest(_manifest("unverified") + '[[throttle]]\nname = "calls"\nlimit = 1\n', origin="x")
