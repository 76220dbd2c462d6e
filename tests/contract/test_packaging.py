"""The distribution: names that are ours alone, imports without side effects."""

import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

PACKAGES = ("citywatch", "ingest", "analytics", "api", "simulators", "cli", "seeds", "dashboards")

_IMPORT_EVERYTHING = """
import importlib, pkgutil, sys, threading
for name in {packages!r}:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.startswith("dashboards") and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
assert threading.active_count() == 1, threading.enumerate()
"""

_IMPORT_KERNEL = """
import sys, citywatch.model.registry, citywatch.wire.codecs, citywatch.service, citywatch.clock, citywatch.errors
heavy = {"fastapi", "psycopg", "paho", "scipy", "httpx"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_claims_our_import_names(package: str) -> None:
    assert set(packages_distributions().get(package, [])) <= {"citywatch"}


@pytest.mark.parametrize("program", [_IMPORT_EVERYTHING.format(packages=PACKAGES), _IMPORT_KERNEL])
def test_importing_does_nothing_but_define(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
