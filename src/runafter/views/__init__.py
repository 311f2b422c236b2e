"""From events and history rows to something to look at: pure folds."""
