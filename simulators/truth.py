"""What really happened in a simulation, for judging detectors: JSON Lines (docs/reference/scenarios.md)."""

import json
from pathlib import Path

import msgspec

from citywatch.clock import from_micros
from simulators.events import Episode
from simulators.scenario import Scenario


class TruthFile:
    """Appends each episode once, when it begins; a file from before is continued."""

    def __init__(self, path: Path, scenario: Scenario) -> None:
        self._path = path
        self._scenario = scenario
        self._written = set()
        if path.exists():
            with path.open(encoding="utf-8") as file:
                self._written = {json.loads(line)["episode_id"] for line in file if line.endswith("\n")}

    def note(self, start: int, end: int) -> None:
        """Write the episodes that touch the interval from ``start`` to ``end`` [ms since the epoch]."""
        new = [
            episode
            for episode in self._scenario.episodes(start / 1000, end / 1000)
            if episode.episode_id not in self._written
        ]
        if new:
            with self._path.open("a", encoding="utf-8") as file:
                for episode in sorted(new, key=lambda episode: episode.start):
                    file.write(json.dumps(self._line(episode), ensure_ascii=False) + "\n")
            self._written.update(episode.episode_id for episode in new)

    def _line(self, episode: Episode) -> dict[str, object]:
        details = episode.event.model_dump(
            exclude={"assets", "start", "duration", "event", "together"}, exclude_none=True
        )
        asset = self._scenario.assets[episode.asset_id]
        return {
            "episode_id": episode.episode_id,
            "event": episode.event.model_dump()["event"],
            "asset_id": episode.asset_id,
            "kind_id": asset.kind_id,
            "start": _iso(episode.start),
            "end": _iso(episode.end),
            **details,
        }


def _iso(seconds: float) -> str:
    return msgspec.json.encode(from_micros(round(seconds * 1e6))).decode().strip('"')
