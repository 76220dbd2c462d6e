"""Handlers: a request becomes a call of storage, its answer a schema. No SQL and no rules live here."""
