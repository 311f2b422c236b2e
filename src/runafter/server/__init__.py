"""A project as a running system: triggers, its REST interfaces, and the page that shows it."""
