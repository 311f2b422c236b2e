from __future__ import annotations

from tests.contracts.databases import shared_url, storage, url

__all__ = ["shared_url", "storage", "url"]
