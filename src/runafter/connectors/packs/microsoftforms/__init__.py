"""Microsoft Forms."""
