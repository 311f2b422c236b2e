"""A MariaDB server for tests, where its program is installed (Debian: mariadb-server-core)."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

_numbers = itertools.count(1)
_SCRIPTS = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")


def mariadb_program() -> str | None:
    """Return the server's program; /usr/sbin is not on everybody's PATH."""
    return shutil.which("mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@functools.cache
def _socket() -> Path:
    program = mariadb_program()
    if program is None:
        pytest.skip("mariadbd is not installed (Debian: mariadb-server-core)")
    folder = Path(tempfile.mkdtemp(prefix="runafter-maria-"))
    share = Path(program).resolve().parents[1] / "share"
    share = next(place for place in (share / "mysql", share / "mariadb") if place.is_dir())
    data = folder / "data"
    (data / "mysql").mkdir(parents=True)
    options = ["--no-defaults", f"--datadir={data}", f"--lc-messages-dir={share}", "--innodb-buffer-pool-size=16M"]
    options += [f"--tmpdir={folder}"]  # a server that starts clears its temporary tables out of it
    options += ["--user=root"] if os.geteuid() == 0 else []
    script = "USE mysql;\n" + "\n".join((share / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    done = subprocess.run([program, *options, "--bootstrap"], input=script, text=True, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    socket = folder / "s"
    server = subprocess.Popen(
        [program, *options, "--skip-networking", "--skip-grant-tables", f"--socket={socket}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None

    def stop() -> None:
        server.terminate()
        server.wait(timeout=30)
        assert server.stderr is not None
        server.stderr.close()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    seen = ""
    for line in server.stderr:
        seen += line
        if "ready for connections" in line:
            return socket
    raise AssertionError(f"mariadbd ended before it was ready:\n{seen}")


def new_mariadb_url() -> str:
    """Create an empty database and return its address for SQLAlchemy; skips where there is no server."""
    socket = _socket()
    name = f"t{next(_numbers)}"
    run_mariadb(f"CREATE DATABASE {name}")
    return f"mysql+pymysql://root@localhost/{name}?unix_socket={socket}"


def run_mariadb(*statements: str, database: str | None = None) -> None:
    """Carry out statements as they stand, procedures with semicolons among them."""
    import pymysql

    connection = pymysql.connect(unix_socket=str(_socket()), user="root", database=database, autocommit=True)
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
