"""What all devices of a city share: air, sun, rain, wind, traffic. Each is a function of time."""

from simulators.environment.city import Environment

__all__ = ["Environment"]
