from __future__ import annotations

from tests.contracts.journal import *  # noqa: F403 - the suite is the module
