"""Days on the command line."""

from datetime import date

import typer


def day(text: str | date) -> date:
    """Return a day in ISO 8601.

    Raises
    ------
    typer.BadParameter
        The text is of another form.
    """
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write one such as 2026-06-30") from None
