"""Power Platform administration."""
