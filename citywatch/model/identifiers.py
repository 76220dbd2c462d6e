"""Identifiers: typed, so that an asset is never looked up by a sensor's name."""

import re
from typing import Final, NewType

SystemId = NewType("SystemId", str)
DistrictId = NewType("DistrictId", str)
KindId = NewType("KindId", str)
AssetId = NewType("AssetId", str)
SensorId = NewType("SensorId", str)
ModelId = NewType("ModelId", str)
PropertyId = NewType("PropertyId", str)
DatastreamId = NewType("DatastreamId", int)

IDENTIFIER: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""Identifiers are topic levels, so they are short, lower case and free of ``/``, ``+`` and ``#``."""
RuleId = NewType("RuleId", str)
AlarmId = NewType("AlarmId", int)
