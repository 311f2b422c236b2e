"""Azure Automation."""
