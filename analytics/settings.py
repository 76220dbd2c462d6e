"""Settings of analytics."""

from typing import Annotated

from pydantic import Field

from citywatch.settings import ProcessSettings


class AnalyticsSettings(ProcessSettings):
    """``CITYWATCH_ANALYTICS_...``"""

    analytics_checkpoint_interval: Annotated[float, Field(gt=0)] = 60.0
    """Seconds between two checkpoints of the detectors' state."""

    analytics_coverage_interval: Annotated[float, Field(gt=0)] = 60.0
    """Seconds between two computations of coverage."""

    analytics_keep_batches_days: Annotated[float, Field(gt=0)] = 3.0
    """How long evaluated batches are kept in the form that followers read."""

    analytics_rollup_interval: Annotated[float, Field(gt=0)] = 30.0
    """Seconds between two refreshes of the roll-ups; each one costs as much as the buckets that changed since."""

    analytics_waveform_before: Annotated[float, Field(ge=0)] = 60.0
    """Seconds of waveforms before an alarm of severity 3 or 4 that are kept for ever."""

    analytics_waveform_after: Annotated[float, Field(ge=0)] = 300.0
    """Seconds of waveforms after an alarm of severity 3 or 4 that are kept for ever."""

    analytics_keep_dead_letters_days: Annotated[float, Field(gt=0)] = 30.0
    """How long the bytes of dead letters are kept; their records stay."""
