"""Office 365 Outlook."""
