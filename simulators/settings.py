"""Settings of the simulators: those that every process has; what to simulate is said on the command line."""

from citywatch.settings import ProcessSettings


class SimulatorSettings(ProcessSettings):
    """Nothing of their own so far."""
