"""Application Insights."""
