"""Office 365 Users."""
