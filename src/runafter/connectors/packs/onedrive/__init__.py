"""OneDrive."""
