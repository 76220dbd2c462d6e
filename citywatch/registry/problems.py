"""Faults of seed files, gathered so that a person mends them in one go."""

from citywatch.errors import Misconfigured


class SeedErrors(Misconfigured):
    """Everything that is wrong with a set of seed files; nothing of it was taken over."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join([f"{len(problems)} error(s) in the seed files, nothing was changed:", *problems]))
        self.problems = problems


class Problems:
    """Collects faults as ``file:line: what is wrong``."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, place: str, text: str) -> None:
        """Note a fault at a place, which is ``file:line``."""
        self.found.append(f"{place}: {text}")

    def raise_if_any(self) -> None:
        """Raise :class:`SeedErrors` when something was noted."""
        if self.found:
            raise SeedErrors(self.found)
