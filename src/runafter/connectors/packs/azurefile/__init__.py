"""Azure File Storage."""
