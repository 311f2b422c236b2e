"""Content Conversion."""
