"""Azure Log Analytics Data Collector."""
