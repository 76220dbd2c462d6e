"""The wire contract: topics and payloads, bytes on one side and the model on the other. No MQTT client lives here."""
