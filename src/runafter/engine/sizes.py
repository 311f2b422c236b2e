"""How large a value is as JSON, where the platform has a limit."""

from __future__ import annotations

from typing import Any

from runafter.profiles.profile import Profile


def input_limit_message(profile: Profile, inputs: Any) -> str | None:
    """Return why inputs are too large to be sent, None when they are not."""
    limit = profile.limits.get("message_bytes")
    if limit is None or not exceeds(inputs, int(limit.value)):
        return None
    return f"The inputs exceed the maximum size of a message, {limit.value} bytes."


def exceeds(value: Any, limit: int) -> bool:
    """Say whether the JSON text of a value is surely longer than `limit`; keys and numbers are counted low."""
    size = 0
    waiting = [(value,)]
    while waiting:
        for part in waiting.pop():
            kind = type(part)
            if kind is str:
                size += len(part)
            elif kind is dict:
                size += 4 * len(part)
                waiting.append(part.values())
            elif kind is list:
                size += len(part)
                waiting.append(part)
        if size > limit:
            return True
    return False
