"""Names of runs, calls and timers: pure functions of the run and of draws the host made.

A call id is `run/action/repetition/attempt`; equal journals give equal ids, so
that an outbox can send a call once and a connector can recognise a repeat.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache

from runafter.protocol.commands import Repetition

_LAST_TICKS = 3_155_378_975_999_999_999


def run_name(now_ticks: int, draw: int) -> str:
    """Return a run name in the platform's form: newest sorts first, two digits after `CU` close it.

    `draw` is any non-negative integer from the host; it keeps names of one
    tick apart. Source: Logic Apps REST examples (`08586676746934337772206998657CU22`).
    """
    return f"{_LAST_TICKS - now_ticks:020d}{draw % 10**9:09d}CU{draw // 10**9 % 100:02d}"


def newer_name(name: str) -> str:
    """Return the run name that sorts just before this one, as that of a newer run does."""
    digits, mark, pair = name.partition("CU")
    return f"{int(digits) - 1:0{len(digits)}d}{mark}{pair}"


@lru_cache(maxsize=4096)
def repetition_name(repetition: Repetition) -> str:
    """Return `000003` or `000003-000001` for nested loops; empty outside loops."""
    return "-".join([f"{index:06d}" for index in repetition]) if repetition else ""


def call_id(run_id: str, action: str, repetition: Repetition, attempt: int) -> str:
    """Return the id of one attempt; attempts count from 1."""
    return f"{run_id}/{action}/{repetition_name(repetition)}/{attempt}"


def idempotency_key(run_id: str, action: str, repetition: Repetition) -> str:
    """Return the key that every attempt of one action repetition carries: 32 hex digits, safe in a header."""
    text = f"{run_id}\x00{action}\x00{repetition_name(repetition)}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def callback_signature(seed: str, action: str, repetition: Repetition) -> str:
    """Return what signs the callback address of one action repetition; `seed` is the run's secret."""
    place = f"{action}/{repetition_name(repetition)}".encode("utf-8", "surrogatepass")
    digest = hmac.new(seed.encode(), place, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
