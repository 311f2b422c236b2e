"""Excel Online (Business)."""
