"""What can be wrong with a database, each with a stable code and the next thing to do."""

from __future__ import annotations

from runafter.errors import EnvironmentFault


class StorageFault(EnvironmentFault):
    """The database did not do what was asked. Nothing of the refused batch is in it."""

    code = "DBF000"


class DatabaseUnreachable(StorageFault):
    """The database cannot be opened, or the connection was lost."""

    code = "DBF001"


class DatabaseLocked(StorageFault):
    """Another process holds the write lock for longer than we wait."""

    code = "DBF002"


class DatabaseCorrupt(StorageFault):
    """The file is no database, or is damaged."""

    code = "DBF003"


class SchemaMismatch(StorageFault):
    """The database was written by a newer Runafter, or its migrations were changed."""

    code = "DBF004"


class DatabaseFull(StorageFault):
    """No room is left on the disk, or the database's own limit is reached."""

    code = "DBF005"


class StaleWriter(StorageFault):
    """Somebody else has written to what this batch continues; the whole batch is refused."""

    code = "DBF006"


class AlreadyThere(StorageFault):
    """A row with this unique key exists."""

    code = "DBF007"
