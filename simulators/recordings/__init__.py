"""Recordings: MQTT messages kept byte for byte with their times, made from recorded sensor data, and replayed."""
