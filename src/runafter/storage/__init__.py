"""One database: connection, writer, group commit, migrations. Knows no tables' meaning."""
