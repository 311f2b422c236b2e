"""A host's name in leases: it tells hosts of the same machine whether its process still lives."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path


def machine_name() -> str:
    """Return a name of this boot of this machine (or container): process ids mean the same wherever it is equal."""
    facts = [platform.node()]
    try:
        facts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        facts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        facts.append("unknown")
    return hashlib.blake2b("\n".join(facts).encode(), digest_size=6).hexdigest()


def owner_name(bits: int) -> str:
    """Return a name for this process; `bits` are the host's draw and keep hosts of one process apart."""
    return f"{machine_name()}/{os.getpid()}/{bits:08x}"


def is_dead(owner: str) -> bool:
    """Whether the owner surely is a process of this machine that has ended."""
    parts = owner.split("/")
    if len(parts) != 3 or parts[0] != machine_name() or not parts[1].isdigit():
        return False
    pid = int(parts[1])
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state == "Z"
