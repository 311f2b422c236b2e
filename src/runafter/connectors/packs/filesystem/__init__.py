"""File System."""
