"""Names in the languages of the product."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the two languages of the product."""

    en: str
    zh: str
