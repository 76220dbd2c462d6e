"""Ingest: MQTT messages become committed rows, and only then are they acknowledged.

inbox -> interpret (decode, resolve) -> assemble (check, batch) -> commit -> acknowledge
"""
