"""What ``citywatch doctor`` looks at: one module per subject, each with a list ``CHECKS`` of functions."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from citywatch.storage.connection import Connection


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; ``fix`` says what to do about it and is None when all is well. ``facts`` go into JSON."""

    subject: str
    says: str
    fix: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


Check = Callable[[Connection, datetime], Iterator[Finding]]
"""Looks at a database at an instant; whatever it raises becomes a finding as well."""
