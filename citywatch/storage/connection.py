"""Connections, and the translation of the driver's errors into ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import conninfo, errors
from psycopg.rows import TupleRow

from citywatch.errors import Conflict, Misconfigured, Reason, Rejected, Unavailable

Connection = psycopg.Connection[TupleRow]
SEARCH_PATH: Final = "citywatch,public"
_SESSION: Final = (
    f"-c search_path={SEARCH_PATH} -c timezone=UTC"
    # late values may change a compressed chunk, however many rows that unpacks; means nothing without TimescaleDB
    " -c timescaledb.max_tuples_decompressed_per_dml_transaction=0"
)
_TRANSIENT: Final = (
    errors.OperationalError,
    errors.InterfaceError,
    errors.SerializationFailure,
    errors.DeadlockDetected,
)
_REFUSED: Final = (errors.DataError, errors.IntegrityError, errors.NotSupportedError, errors.RaiseException)


def connection_options(database: str, process: str) -> dict[str, Any]:
    """Return psycopg's connect arguments for a database URL or key=value string.

    Raises
    ------
    Misconfigured
        The string is neither.
    """
    try:
        options: dict[str, Any] = dict(conninfo.conninfo_to_dict(database))
    except psycopg.ProgrammingError as error:
        raise Misconfigured(
            f"CITYWATCH_DATABASE_URL: {str(error).strip()}; write postgresql://user@host:5432/citywatch"
        ) from error
    given = options.get("options", "")
    options["options"] = f"{given} {_SESSION}".strip()
    options.setdefault("connect_timeout", 5)
    options["application_name"] = f"citywatch {process}"
    return options


def connect(database: str, *, process: str) -> Connection:
    """Open a connection that sees our schema, thinks in UTC and commits every statement outside a transaction block.

    Raises
    ------
    Unavailable
        No server answers, or it is starting or full.
    Misconfigured
        Wrong credentials or no such database.
    """
    try:
        return psycopg.connect(**connection_options(database, process), autocommit=True)
    except psycopg.OperationalError as error:
        raise connection_error(error) from error


def connection_error(error: psycopg.Error) -> Unavailable | Misconfigured:
    """Return what a failed connection means: wait, or mend the configuration."""
    text = " ".join(str(error).split())
    wrong = ("password authentication failed", "does not exist", "no password supplied", "no pg_hba.conf entry")
    if any(sign in text for sign in wrong) and "No such file" not in text:
        return Misconfigured(f"the database refuses us ({text}); check CITYWATCH_DATABASE_URL")
    return Unavailable(f"the database does not answer ({text}); start it or set CITYWATCH_DATABASE_URL")


@contextmanager
def translated() -> Iterator[None]:
    """Turn driver errors into ours: try again, or this very data can never be stored."""
    try:
        yield
    except errors.UniqueViolation as error:
        raise Conflict(f"{error.diag.constraint_name}: {error.diag.message_detail}") from error
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction) as error:
        raise Misconfigured(
            f"the schema is not there ({error.diag.message_primary}); run 'citywatch migrate'"
        ) from error
    except _REFUSED as error:
        raise Rejected(Reason.REFUSED_BY_STORAGE, str(error.diag.message_primary or error)) from error
    except _TRANSIENT as error:
        raise Unavailable(f"the database failed: {' '.join(str(error).split())}") from error
