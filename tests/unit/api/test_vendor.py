"""The console's libraries are those that the manifest names, byte for byte."""

import hashlib
import json
import re
from typing import Any

import pytest

from api.main import console_folder

CONSOLE = console_folder()
VENDOR = CONSOLE / "vendor"
LIBRARIES: list[dict[str, Any]] = json.loads((VENDOR / "MANIFEST.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("library", LIBRARIES, ids=[library["name"] for library in LIBRARIES])
def test_every_file_has_the_digest_of_the_manifest(library: dict[str, Any]) -> None:
    found = {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in library["files"]}
    assert found == library["files"]


@pytest.mark.parametrize("library", LIBRARIES, ids=[library["name"] for library in LIBRARIES])
def test_every_library_names_version_licence_and_origin(library: dict[str, Any]) -> None:
    assert library["version"]
    assert library["licence"]
    assert library["source"].startswith("https://registry.npmjs.org/")
    assert any("LICENSE" in name for name in library["files"])


def test_nothing_lies_there_that_the_manifest_does_not_name() -> None:
    present = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    named = [name for library in LIBRARIES for name in library["files"]]
    assert len(named) == len(set(named))
    assert present == {*named, "MANIFEST.json"}


def test_every_text_the_console_uses_exists_in_both_languages() -> None:
    entries = dict(
        re.findall(r'^  "([a-z0-9.-]+)": \[(.*?)\],?$', _texts(), flags=re.MULTILINE | re.DOTALL),
    )
    assert all(len(re.findall(r'"((?:[^"\\]|\\.)+)"', pair)) == 2 for pair in entries.values())
    scripts = [path.read_text(encoding="utf-8") for path in CONSOLE.glob("*.js")]
    used = {key for script in scripts for key in re.findall(r'\bt\(\s*"([^"]+)"', script)}
    assert used <= entries.keys()


def test_both_languages_of_a_text_have_the_same_fields() -> None:
    for key, pair in re.findall(r'^  "([a-z0-9.-]+)": \[(.*?)\],?$', _texts(), flags=re.MULTILINE | re.DOTALL):
        english, chinese = re.findall(r'"((?:[^"\\]|\\.)+)"', pair)
        fields = set(re.findall(r"\{(\w+)\}", english))
        assert fields == set(re.findall(r"\{(\w+)\}", chinese)), key


def _texts() -> str:
    return (CONSOLE / "texts.js").read_text(encoding="utf-8")
