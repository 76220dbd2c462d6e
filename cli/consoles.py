"""Where tables are printed."""

from rich.console import Console


def console_for(width: int) -> Console:
    """Return a console that is so wide when nobody watches: a pipe has no width of its own."""
    console = Console()
    return console if console.is_terminal else Console(width=width)
