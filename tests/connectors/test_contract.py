"""Every built-in pack passes the suite that third-party packs must pass."""

from __future__ import annotations

import pytest
from tests.contracts.connector import ConnectorContract

from runafter.connectors.registry import FolderPack, built_in_packs


@pytest.fixture(params=built_in_packs(), ids=lambda pack: pack.manifest.name)
def each_pack(request: pytest.FixtureRequest) -> FolderPack:
    return request.param


class TestBuiltInPack(ConnectorContract):
    @pytest.fixture(autouse=True)
    def _set(self, each_pack: FolderPack) -> None:
        self.pack = each_pack
