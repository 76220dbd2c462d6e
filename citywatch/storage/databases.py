"""Databases of a server: make, copy and drop them."""

from psycopg import sql
from psycopg.conninfo import make_conninfo

from citywatch.storage.connection import connect, translated


def create_database(server: str, name: str, *, template: str | None = None) -> bool:
    """Create a database unless it exists; return whether it was created.

    Parameters
    ----------
    server
        Connection string of another database of the server.
    template
        Database to copy; nobody may be connected to it.
    """
    with connect(server, process="admin") as connection, translated():
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            return False
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        connection.execute(statement)
        return True


def drop_database(server: str, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    with connect(server, process="admin") as connection, translated():
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def with_database(server: str, name: str) -> str:
    """Return the connection string of another database of the same server."""
    return make_conninfo(server, dbname=name)
