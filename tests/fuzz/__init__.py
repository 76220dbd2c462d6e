"""Mutated payloads against every decoder: run ``python -m tests.fuzz --inputs 1000000``; not part of the suite.

A decoder may return what it read or raise ``Rejected``. Anything else ends the run with the input that did it.
"""
