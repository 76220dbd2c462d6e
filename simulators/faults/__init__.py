"""Faults of sensors and links: a layer between the physics and the broker; what really happened stays untouched."""
