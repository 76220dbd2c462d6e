"""OGC SensorThings over HTTP and a real database on both engines."""
