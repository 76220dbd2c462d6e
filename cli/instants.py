"""Instants on the command line."""

from datetime import UTC, datetime

import typer


def instant(text: str | datetime) -> datetime:
    """Return an instant in ISO 8601, in UTC when it names no zone.

    Raises
    ------
    typer.BadParameter
        The text is of another form.
    """
    try:
        time = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time; write one such as 2022-04-11T06:40:00Z") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
