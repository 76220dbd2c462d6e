"""The ``citywatch`` command, and the whole system on one machine."""
