"""The emulated tenant: the packs' emulators over one state, with limits, latency and faults."""
