"""The embedded host on a virtual clock: what it shows is what the engine does, because it is the engine."""
