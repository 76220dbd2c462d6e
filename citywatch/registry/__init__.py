"""The city registry on disk: read seed files, check them as a whole, report every fault with file and line."""

from citywatch.registry.load import load_city, load_folder, seeds_folder
from citywatch.registry.problems import SeedErrors

__all__ = ["SeedErrors", "load_city", "load_folder", "seeds_folder"]
