"""`runafter import`, beside `runafter flows`."""

from __future__ import annotations

from runafter.cli.commands.flows import import_command as command

__all__ = ["command"]
