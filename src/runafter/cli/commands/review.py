"""`runafter review` stands beside `runafter approvals`."""

from __future__ import annotations

from runafter.cli.commands.approvals import review as command

__all__ = ["command"]
