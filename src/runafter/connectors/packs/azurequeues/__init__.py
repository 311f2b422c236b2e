"""Azure Queues."""
