"""Connectors: what a flow can touch, as packs of facts, behaviour and an emulator each."""
