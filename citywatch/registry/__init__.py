"""The city registry on disk: read seed files, check them as a whole, report every fault with file and line."""

from citywatch.registry.load import load_city, load_folder, seeds_folder
from citywatch.registry.problems import SeedErrors
from citywatch.registry.targets import load_targets

__all__ = ["SeedErrors", "load_city", "load_folder", "load_targets", "seeds_folder"]
