"""The emulated tenant that a project is served on: filled from its seeds once, kept in a file beside the database."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from runafter.hosts.clock import machine_clock
from runafter.local.tenant import FaultLike, HostClock, open_tenant
from runafter.tenant.seeds import apply_seed, checked_seed, merge_seeds
from runafter.tenant.tenant import Tenant

_log = logging.getLogger("runafter.server")
MOST_REMEMBERED = 10_000
_SETTINGS = ("user", "connections", "faults")
"""What a seed says that is no content: it holds at each start."""
SEED = "tenant.yaml"


def seeds_of(project: Path | None) -> tuple[Path, ...]:
    """Return the seeds of a project: its own, or else those that lie in its flows' folders."""
    if project is None:
        return ()
    root = project if project.is_dir() else project.parent
    if (root / SEED).is_file():
        return (root / SEED,)
    return tuple(sorted({*root.glob(f"*/{SEED}"), *root.glob(f"flows/*/{SEED}")})) if project.is_dir() else ()


def state_beside(db: str) -> Path | None:
    """Return where the tenant of a SQLite database is kept; None for other databases."""
    name = db.removeprefix("sqlite:///")
    if "://" in name or name == "memory:":
        return None
    path = Path(name)
    return path.with_name("tenant.db" if path.stem == "runs" else f"{path.stem}.tenant.db")


def served_tenant(
    seeds: Sequence[Path],
    *,
    state: Path | None = None,
    profile: str | None = None,
    faults: Iterable[FaultLike] = (),
) -> Tenant:
    """Return the tenant. Content comes from the seeds when the file is new; settings at each start.

    Raises:
        InvalidSeed, InvalidFault, NotSupported, BrokenState: a seed or an argument is wrong.
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256(b"\0".join(seed.read_bytes() for seed in seeds)).hexdigest()
    if state is not None:
        state.parent.mkdir(parents=True, exist_ok=True)
    tenant = open_tenant(None, faults=list(faults), profile=profile, state=state)
    tenant.clock = HostClock(machine_clock)
    tenant.keeps = MOST_REMEMBERED
    content = merge_seeds([(str(seed), checked_seed(tenant, seed)) for seed in seeds])
    is_new = tenant.state.services() in ([], ["$tenant"])
    apply_seed(tenant, content if is_new else {name: value for name, value in content.items() if name in _SETTINGS})
    facts = tenant.store_of("$tenant")
    filled = facts.get("served", "seed")
    if is_new:
        facts.put("served", "seed", {"digest": digest})
    elif filled is not None and filled.get("digest") != digest:
        _log.warning("the seed changed after %s was filled from it; remove that file to begin anew", state)
    return tenant
