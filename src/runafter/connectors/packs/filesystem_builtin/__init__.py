"""File System (built-in)."""
