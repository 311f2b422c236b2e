"""One asyncio process that drives many runs on one database."""
