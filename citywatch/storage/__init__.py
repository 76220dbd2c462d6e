"""PostgreSQL and TimescaleDB: the only package that knows psycopg and SQL.

``pipeline`` holds what ingest and analytics read and write (synchronous), ``serving`` what the API reads and the few
things it writes (asynchronous).
"""
