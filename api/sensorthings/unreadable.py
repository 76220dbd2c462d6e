"""What makes a request unreadable, and where."""


class Unreadable(Exception):
    """A part of a request that cannot be understood: its name, the place in its text (from 1), what would mend it."""

    def __init__(self, part: str, place: int, message: str) -> None:
        super().__init__(f"{part}, character {place}: {message}")
        self.part = part
        self.message = f"character {place}: {message}"
