"""Repairs of whole flows: what a fix of one place cannot do."""
