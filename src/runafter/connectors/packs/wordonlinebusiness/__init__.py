"""Word Online (Business)."""
