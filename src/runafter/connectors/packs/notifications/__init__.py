"""Notifications, and what else tells people."""
