from __future__ import annotations

from tests.contracts.databases import storage, url

__all__ = ["storage", "url"]
