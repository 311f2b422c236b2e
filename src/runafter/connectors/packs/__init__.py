"""The built-in packs; one folder per connector, none imports another."""
