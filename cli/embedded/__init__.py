"""PostgreSQL and an MQTT broker as children of our own process: for the demo, isolated runs and the tests."""
