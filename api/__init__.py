"""The HTTP API, the live stream, the console and the delivery of webhooks."""
