"""What is installed and switched on: flows, versions, triggers, keys, secrets, and what waits for people."""
