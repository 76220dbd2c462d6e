"""The physics of assets and what their sensors see of it, as functions of time."""

from simulators.devices.build import build_site
from simulators.devices.site import Site
from simulators.samples import Samples

__all__ = ["Samples", "Site", "build_site"]
