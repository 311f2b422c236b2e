"""What makes a flow fail silently, found before it runs: rules, readiness, fixes as a diff."""
