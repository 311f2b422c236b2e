"""The database's shape as numbered steps. A released file is never edited: its checksum is kept in the database."""
