"""Office 365 Groups."""
