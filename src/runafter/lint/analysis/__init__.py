"""What rules share: effects of calls, order between actions, waits and counts. Each module answers one question."""
