"""From dashboards as code to the JSON that is committed and provisioned."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards import alarms, bridges, city, coverage, gas, platform, sensor, streetlights, waterlogging
from dashboards.texts import Language

FOLDER: Final = Path(__file__).parent / "generated"
PLUGIN_VERSION: Final = "12.2.1"
"""Grafana runs no old migration on panels of this version."""

_SCHEMA_VERSION: Final = 42
_DASHBOARDS: Final[Mapping[str, Callable[[Language], Dashboard]]] = {
    "city-overview": city.build,
    "bridges": bridges.build,
    "gas": gas.build,
    "waterlogging": waterlogging.build,
    "streetlights": streetlights.build,
    "coverage": coverage.build,
    "alarms": alarms.build,
    "platform": platform.build,
    "sensor": sensor.build,
}


def generate() -> dict[str, str]:
    """Return file name, relative to :data:`FOLDER`, to content."""
    return {
        f"{language.value}/{name}.json": _text(build(language))
        for name, build in _DASHBOARDS.items()
        for language in Language
    }


def _text(board: Dashboard) -> str:
    model: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(board.build()))
    model["schemaVersion"] = _SCHEMA_VERSION
    for panel in model["panels"]:
        panel["pluginVersion"] = PLUGIN_VERSION
        panel.pop("repeatDirection", None)
        panel.pop("transparent", None)
    for entry in (*model.get("links", []), *model.get("annotations", {}).get("list", [])):
        entry.pop("placement", None)  # newer Grafana would move them into a menu
    return json.dumps(model, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
