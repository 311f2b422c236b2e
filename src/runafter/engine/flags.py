"""Changes of order or meaning after a release: each gets a flag that `RunStarted` records and replay obeys.

`CURRENT` is what a new run gets. A flag is never removed while a journal may
name it; a run whose journal names an unknown flag was made by a newer release.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

KNOWN: Mapping[str, str] = MappingProxyType({})
"""Flag name -> what it changes. Empty until the first release has been made."""

CURRENT: tuple[str, ...] = tuple(KNOWN)


def unknown_flags(flags: Iterable[str]) -> tuple[str, ...]:
    """Return the recorded flags that this release does not know; a host must refuse to replay such a run."""
    return tuple(flag for flag in flags if flag not in KNOWN)
