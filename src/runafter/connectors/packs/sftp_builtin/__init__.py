"""SFTP (built-in)."""
