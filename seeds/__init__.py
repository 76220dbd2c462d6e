"""The city as data: vocabulary shared by all cities, and one folder per city. ``citywatch.registry`` reads it."""
