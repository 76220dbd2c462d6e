"""Measurements of the running system, each beside a ceiling that is measured in the same run."""
