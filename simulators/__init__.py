"""Devices and their physics, the environment they share, faults, scenarios, recordings.

They reach the system like a device does: through the broker, and know nothing of analytics or storage.
"""
