"""The pages of connectors are those that the manifests make."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import pytest
from tools.docs_connectors import pages

from runafter.connectors.manifest import InvalidManifest
from runafter.connectors.quality import quality_of, read_exemptions
from runafter.connectors.registry import FolderPack, built_in_packs

FOLDER = Path(__file__).parents[2] / "docs" / "reference" / "connectors"


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_is_current(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == pages()[name], (
        "run python -m tools.docs_connectors docs/reference/connectors"
    )


@pytest.mark.parametrize("pack", built_in_packs(), ids=lambda pack: pack.manifest.name)
def test_every_built_in_pack_reaches_silver_or_says_why_not(pack: FolderPack) -> None:
    text = importlib.resources.files(pack.package).joinpath("quality.toml").read_text("utf-8")

    quality = quality_of(pack, read_exemptions(text, origin=pack.package))

    assert quality.level in ("silver", "gold"), quality.missed


@pytest.mark.parametrize("text", ["[exempt]\nnope = 'x'", "[exempt]\nlive = ''", "["])
def test_an_exemption_needs_a_known_rule_and_a_reason(text: str) -> None:
    with pytest.raises(InvalidManifest):
        read_exemptions(text, origin="x")
