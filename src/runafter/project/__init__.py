"""A folder of flows with what stands beside them, read into frozen values."""
