"""What happened to every run, event by event, and what history shows of it."""
